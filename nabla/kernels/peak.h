/// What this machine's arithmetic can do at most.
#pragma once

namespace nabla {

/// Floating-point operations a second in f32 that independent fused multiply-adds reach on
/// `threads()` threads, best of several bursts; takes some hundredths of a second. A fused
/// multiply-add counts as two.
double measure_peak_flops();

}  // namespace nabla
