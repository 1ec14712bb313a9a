// How a CUDA kernel's body is written here, so that the same source also runs, and is tested, without a GPU.
//
// A body is a functor that gets a block and does its work in phases:
//
//     block.each([=](int thread) { ... });   every thread of the block runs this
//     block.sync();                          and what they wrote to shared memory is now seen by all
//
// On a GPU `each` calls the function with threadIdx.x and `sync` is __syncthreads(). The emulator queues what stands
// between two syncs and then runs it thread after thread, in shuffled order, over shared memory that starts as NaN: a
// forgotten sync, an uninitialised read or an index out of bounds gives wrong numbers or a sanitizer's report.
// Phases capture by value, pointers included, and every body ends in a sync. What a thread keeps from phase to phase
// is a `Local`, reached through a pointer.
#pragma once

#include <cstdint>

#include "gpu_types.h"

#if defined(__CUDACC__)
#define DVM_DEVICE __device__ __forceinline__
#define DVM_UNROLL _Pragma("unroll")
#else
#define DVM_DEVICE inline
#define DVM_UNROLL
#endif

namespace dvm {

#if defined(__CUDACC__)

class GpuBlock {
 public:
  DVM_DEVICE explicit GpuBlock(char* shared) : shared_(shared) {}
  DVM_DEVICE int64_t index() const { return blockIdx.x; }
  DVM_DEVICE int threads() const { return int(blockDim.x); }
  DVM_DEVICE char* shared() const { return shared_; }
  template <class Phase>
  DVM_DEVICE void each(Phase phase) const {
    phase(int(threadIdx.x));
  }
  DVM_DEVICE void sync() const { __syncthreads(); }

  // What each thread keeps from phase to phase.
  template <class T>
  class Local {
   public:
    DVM_DEVICE explicit Local(const GpuBlock&) {}
    DVM_DEVICE T& of(int) { return value_; }

   private:
    T value_;
  };

 private:
  char* shared_;
};

DVM_DEVICE void add_atomic(float* to, float value) { atomicAdd(to, value); }

#else

inline void add_atomic(float* to, float value) { *to += value; }

#endif

// Sixteen bytes, moved as one.
template <class T, int count>
struct alignas(sizeof(T) * count) Packet {
  T lane[count];
};

template <class T>
constexpr int packet_lanes() {
  return int(16 / sizeof(T));
}

// A kernel's size: blocks, threads a block, bytes of shared memory a block.
struct Launch {
  int64_t blocks;
  int threads;
  int64_t shared_bytes;
};

}  // namespace dvm
