// Deformable convolution on CUDA devices, stage B: sampling and product in one kernel.
#include "deform_conv_fused_body.h"
#include "gpu_cuda.h"
#include "gpu_launch.h"

namespace dvm {

void deform_conv_fused_cuda(const DeformConvFused& job, void* stream) {
  const GpuLauncher launcher{static_cast<cudaStream_t>(stream)};
  if (job.type == Type::f16) return deform_conv_fused<F16>(job, launcher);
  deform_conv_fused<Bf16>(job, launcher);
}

}  // namespace dvm
