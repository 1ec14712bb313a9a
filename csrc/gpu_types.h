// The element types of the CUDA kernels' bodies: CUDA's own halves on a GPU, ours where the bodies are emulated.
#pragma once

#if defined(__CUDACC__)

#include <cuda_bf16.h>
#include <cuda_fp16.h>

namespace dvm {

using Bf16 = __nv_bfloat16;
using F16 = __half;

__device__ __forceinline__ float to_float(float value) { return value; }
__device__ __forceinline__ float to_float(__nv_bfloat16 value) { return __bfloat162float(value); }
__device__ __forceinline__ float to_float(__half value) { return __half2float(value); }
__device__ __forceinline__ void put(float* to, float value) { *to = value; }
__device__ __forceinline__ void put(__nv_bfloat16* to, float value) { *to = __float2bfloat16_rn(value); }
__device__ __forceinline__ void put(__half* to, float value) { *to = __float2half_rn(value); }

}  // namespace dvm

#else

#define DVM_ISA emulated
#include "bf16.h"

namespace dvm {

using Bf16 = emulated::bf16;
using emulated::put;
using emulated::to_float;

}  // namespace dvm

#endif
