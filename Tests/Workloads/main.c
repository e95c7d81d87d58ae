#include <stdio.h>
int main(void) { return puts("workloads") < 0; }
