// Errno is part of every signature here: whoever imports SystemCalls sees it.
@_exported public import SystemPackage
