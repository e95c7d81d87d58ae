/// Compares the processor that a job knows with the one that is here.

enum ProcessorFeatures {
  /// What the job may use and this processor does not have, by the names of /proc/cpuinfo.
  static func missing(of saved: [String]) -> [String] {
    Set(saved).subtracting(Machine.processorFeatures).subtracting(kernelsOwn).sorted()
  }

  /// Names that say nothing of what a program can execute: features of the kernel, its hypervisor, power, monitoring and
  /// defences. They come and go with the kernel's version (arch/x86/include/asm/cpufeatures.h).
  private static let kernelsOwn = Set(
    """
    acc_power acpi amd_dcm amd_lbr_v2 amd_ppin amd_psfd amd_ssbd amd_stibp aperfmperf apic arat \
    arch_capabilities arch_lbr arch_perfmon art autoibrs avic bmec bpext bts bus_lock_detect cat_l2 cat_l3 cdp_l2 \
    cdp_l3 centaur_mcr cid cmp_legacy constant_tsc core_capabilities cpb cppc cpuid cpuid_fault cqm cqm_llc \
    cqm_mbm_local cqm_mbm_total cqm_occup_llc cr8_legacy cxmmx cyrix_arr dca de debug_swap decodeassists ds_cpl dtes64 \
    dtherm dts epb ept ept_ad erms est extapic extd_apicid flexpriority flush_l1d flushbyasid fsrc fsrm fsrs fzrm hfi \
    ht hw_pstate hwp hwp_act_window hwp_epp hwp_notify hwp_pkg_req hybrid_cpu hypervisor ibpb ibrs ibrs_enhanced ibs \
    ida intel_ppin intel_pt invpcid irperf k6_mtrr k7 k8 la57 lbrv mba mca mce md_clear monitor msr mtrr \
    nodeid_msr nonstop_tsc nonstop_tsc_s3 nopl npt nrip_save nx osvw ospke overflow_recov p3 p4 pae pat pausefilter \
    pbe pcid pconfig pdcm pdpe1gb pebs perfctr_core perfctr_llc perfctr_nb perfmon_v2 pfthreshold pge pln \
    proc_feedback pse pse36 pti ptsc pts rapl rdt_a rep_good retpoline rtm_always_abort sbpb sdbg sev \
    sev_es sev_snp skinit smap smba smca sme smep smx split_lock_detect srso ss ssbd stibp succor svm svm_lock \
    syscall32 sysenter32 tm tm2 topoext tpr_shadow tsc_adjust tsc_deadline_timer tsc_known_freq tsc_reliable tsc_scale \
    tsx_force_abort umip up v_spec_ctrl v_vmsave_vmload vgif virt_ssbd vmcb_clean vme vmmcall vmx vnmi vpid wbnoinvd \
    wdt x2apic x2avic xsaveerptr xsaves xtopology xtpr zen
    """.split(separator: " ").map(String.init))
}
