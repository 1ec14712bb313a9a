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

template <class T, char matrix>
struct Part;
template <class T>
using A = Part<T, 'a'>;
template <class T>
using B = Part<T, 'b'>;

#if defined(__CUDACC__)

// A lane's part of a matrix whose rows (of A) or columns (of B) lie one after another, `pitch` elements apart: both run
// along the sum, of which two neighbours fill a register.
template <class T, char matrix>
struct Part {
  static constexpr int registers = matrix == 'a' ? 4 : 2;
  uint32_t pair[registers];
  DVM_DEVICE static uint32_t two(const T* tile, int pitch, Place at) {
    return *reinterpret_cast<const uint32_t*>(matrix == 'a' ? tile + at.row * pitch + at.col
                                                            : tile + at.col * pitch + at.row);
  }
  DVM_DEVICE static Part load(const T* tile, int pitch, int lane) {
    Part part;
#pragma unroll
    for (int r = 0; r < registers; ++r) {
      part.pair[r] = two(tile, pitch, matrix == 'a' ? in_a(lane, 2 * r) : in_b(lane, 2 * r));
    }
    return part;
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

template <class T, char matrix>
struct Part {
  const T* tile;
  int pitch;
  static Part load(const T* tile, int pitch, int) { return {tile, pitch}; }
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
