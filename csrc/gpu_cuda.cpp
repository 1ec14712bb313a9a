// The table of CUDA kernels, and what device there is to run them.
#include "gpu_cuda.h"

#include "gpu_error.h"

namespace dvm {
namespace {

// The caller's framework has its own run-time library; the device is told to this one too.
void select(int device) { check_cuda(cudaSetDevice(device), "no usable CUDA device or driver"); }

}  // namespace

const GpuKernels cuda_kernels{select,
                              deform_conv_columns_cuda,
                              deform_conv_scatter_cuda,
                              deform_conv_fused_cuda,
                              correlation_forward_cuda,
                              correlation_backward_cuda};

int cuda_architecture() {
  int device = 0, major = 0, minor = 0;
  const bool found = cudaGetDevice(&device) == cudaSuccess &&
                     cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device) == cudaSuccess &&
                     cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device) == cudaSuccess;
  // No driver and no device are answers, not errors that a later call should trip over.
  cudaGetLastError();
  return found ? major * 10 + minor : 0;
}

}  // namespace dvm
