// The tensor cores' 16 x 8 x 16 product: C (16 x 8, float32) += A (16 x 16) B (16 x 8), shared by a warp's 32 lanes.
//
// Which elements a lane holds is fixed by the PTX instruction set ("mma.m16n8k16", fragments for .bf16 and .f16). The
// maps stand here as plain functions, which tests compare with that table; the emulator has no warps, so there each
// lane works its own elements of C out of the tiles themselves.
#pragma once

#include "block.h"

namespace dvm {
namespace mma {

constexpr int rows = 16, cols = 8, depth = 16;

struct Place {
  int row, col;
};

// Of a lane's 8 elements of A, 4 of B (row: along the sum) and 4 of C.
DVM_DEVICE Place in_a(int lane, int i) { return {lane / 4 + i / 2 % 2 * 8, lane % 4 * 2 + i % 2 + i / 4 * 8}; }
DVM_DEVICE Place in_b(int lane, int i) { return {lane % 4 * 2 + i % 2 + i / 2 * 8, lane / 4}; }
DVM_DEVICE Place in_c(int lane, int i) { return {lane / 4 + i / 2 * 8, lane % 4 * 2 + i % 2}; }

#if defined(__CUDACC__)

// Two neighbours along the sum fill a register. A lies row by row, B column by column: both run along the sum.
template <class T>
struct A {
  uint32_t pair[4];
  DVM_DEVICE static A load(const T* tile, int pitch, int lane) {
    A a;
    for (int r = 0; r < 4; ++r) {
      const Place at = in_a(lane, 2 * r);
      a.pair[r] = *reinterpret_cast<const uint32_t*>(tile + at.row * pitch + at.col);
    }
    return a;
  }
};

template <class T>
struct B {
  uint32_t pair[2];
  DVM_DEVICE static B load(const T* tile, int pitch, int lane) {
    B b;
    for (int r = 0; r < 2; ++r) {
      const Place at = in_b(lane, 2 * r);
      b.pair[r] = *reinterpret_cast<const uint32_t*>(tile + at.col * pitch + at.row);
    }
    return b;
  }
};

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
#define DVM_MMA(type)                                                                 \
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32." type "." type                 \
               ".f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};" \
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])                       \
               : "r"(a.pair[0]), "r"(a.pair[1]), "r"(a.pair[2]), "r"(a.pair[3]), "r"(b.pair[0]), "r"(b.pair[1]))
#else
#define DVM_MMA(type) __trap()  // never started on older devices
#endif

DVM_DEVICE void multiply(float* c, const A<Bf16>& a, const B<Bf16>& b, int) { DVM_MMA("bf16"); }
DVM_DEVICE void multiply(float* c, const A<F16>& a, const B<F16>& b, int) { DVM_MMA("f16"); }
#undef DVM_MMA

#else

template <class T>
struct A {
  const T* tile;
  int pitch;
  static A load(const T* tile, int pitch, int) { return {tile, pitch}; }
};

template <class T>
struct B {
  const T* tile;
  int pitch;
  static B load(const T* tile, int pitch, int) { return {tile, pitch}; }
};

template <class T>
inline void multiply(float* c, const A<T>& a, const B<T>& b, int lane) {
  for (int i = 0; i < 4; ++i) {
    const Place at = in_c(lane, i);
    for (int k = 0; k < depth; ++k) {
      c[i] += to_float(a.tile[at.row * a.pitch + k]) * to_float(b.tile[at.col * b.pitch + k]);
    }
  }
}

#endif

}  // namespace mma
}  // namespace dvm
