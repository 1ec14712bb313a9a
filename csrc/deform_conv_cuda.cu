// Deformable convolution on CUDA devices, stage A: columns and their gradients; torch multiplies.
#include "deform_conv_body.h"
#include "gpu_cuda.h"
#include "gpu_launch.h"

namespace dvm {

void deform_conv_columns_cuda(const DeformConvColumns& job, void* stream) {
  const GpuLauncher launcher{static_cast<cudaStream_t>(stream)};
  switch (job.type) {
    case Type::f32:
      return deform_conv_columns<float>(job, launcher);
    case Type::bf16:
      return deform_conv_columns<Bf16>(job, launcher);
    case Type::f16:
      return deform_conv_columns<F16>(job, launcher);
  }
}

void deform_conv_scatter_cuda(const DeformConvScatter& job, void* stream) {
  const GpuLauncher launcher{static_cast<cudaStream_t>(stream)};
  switch (job.forward.type) {
    case Type::f32:
      return deform_conv_scatter<float>(job, launcher);
    case Type::bf16:
      return deform_conv_scatter<Bf16>(job, launcher);
    case Type::f16:
      return deform_conv_scatter<F16>(job, launcher);
  }
}

}  // namespace dvm
