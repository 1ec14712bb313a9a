// Starts a kernel's body on a CUDA stream.
#pragma once

#include <cuda_runtime.h>

#include "block.h"
#include "gpu_error.h"

namespace dvm {

template <class Body>
__global__ void __launch_bounds__(256) run_body(const Body body) {
  extern __shared__ __align__(16) char shared[];
  GpuBlock block(shared);
  body(block);
}

// The stream belongs to the current device, which the caller has set.
struct GpuLauncher {
  cudaStream_t stream;

  template <class Body>
  void operator()(const Body& body, const Launch& launch) const {
    if (launch.blocks == 0) return;
    if (launch.shared_bytes > 48 * 1024) {
      check_cuda(
          cudaFuncSetAttribute(run_body<Body>, cudaFuncAttributeMaxDynamicSharedMemorySize, int(launch.shared_bytes)),
          "reserving shared memory");
    }
    run_body<<<unsigned(launch.blocks), unsigned(launch.threads), size_t(launch.shared_bytes), stream>>>(body);
    check_cuda(cudaGetLastError(), "starting a kernel");
  }
};

}  // namespace dvm
