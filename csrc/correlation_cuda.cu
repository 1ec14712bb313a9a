// Local correlation on CUDA devices.
#include "correlation_body.h"
#include "gpu_cuda.h"
#include "gpu_launch.h"

namespace dvm {

void correlation_forward_cuda(const CorrelationForward& job, void* stream) {
  const GpuLauncher launcher{static_cast<cudaStream_t>(stream)};
  switch (job.type) {
    case Type::f32:
      return correlation_forward<float>(job, launcher);
    case Type::bf16:
      return correlation_forward<Bf16>(job, launcher);
    case Type::f16:
      return correlation_forward<F16>(job, launcher);
  }
}

void correlation_backward_cuda(const CorrelationBackward& job, void* stream) {
  const GpuLauncher launcher{static_cast<cudaStream_t>(stream)};
  switch (job.type) {
    case Type::f32:
      return correlation_backward<float>(job, launcher);
    case Type::bf16:
      return correlation_backward<Bf16>(job, launcher);
    case Type::f16:
      return correlation_backward<F16>(job, launcher);
  }
}

}  // namespace dvm
