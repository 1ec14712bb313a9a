// C += A B on tiles that stay in the cache: the micro-kernel that every convolution here ends in.
//
// B is packed in panels of `panel` columns: element (k, j) of a matrix with `depth` rows lies at
// ((j / panel) * depth + k) * panel + j % panel. C has room for whole panels, so that no column tail exists.
#pragma once

#include "scratch.h"
#include "vec.h"

namespace dvm {
namespace DVM_ISA {

constexpr int panel = 2 * Vec::width;

// How one step along the sum multiplies: float by float.
struct FloatStep {
  using Element = float;
  static constexpr int per_step = 1;
  static Vec load(const float* b) { return Vec::load(b); }
  static Vec spread(const float* a) { return Vec::all(*a); }
  static Vec accumulate(Vec sum, Vec a, Vec b) { return Vec::fma(a, b, sum); }
};

#if defined(__AVX512BF16__)
// Two neighbours along the sum in one step; panels hold them side by side.
struct Bf16Step {
  using Element = bf16;
  static constexpr int per_step = 2;
  static __m512i load(const bf16* b) { return _mm512_loadu_si512(b); }
  static __m512i spread(const bf16* a) {
    int32_t both;
    std::memcpy(&both, a, sizeof both);
    return _mm512_set1_epi32(both);
  }
  static Vec accumulate(Vec sum, __m512i a, __m512i b) { return {_mm512_dpbf16_ps(sum.v, (__m512bh)a, (__m512bh)b)}; }
};
#endif

// A matrix whose element (i, k) lies at data[i * pitch + k], or at data[k * pitch + i] if transposed.
template <class Element>
struct Left {
  const Element* data;
  int64_t pitch;
};

template <class Step, int rows, bool transposed>
inline void micro_kernel(int64_t depth, Left<typename Step::Element> a, const typename Step::Element* b, float* c,
                         int64_t c_pitch, bool add) {
  Vec sum[rows][2];
#pragma GCC unroll 16
  for (int i = 0; i < rows; ++i) {
    sum[i][0] = add ? Vec::load(c + i * c_pitch) : Vec::all(0.0f);
    sum[i][1] = add ? Vec::load(c + i * c_pitch + Vec::width) : Vec::all(0.0f);
  }
  for (int64_t k = 0; k < depth; k += Step::per_step) {
    const auto left = Step::load(b), right = Step::load(b + Vec::width * Step::per_step);
#pragma GCC unroll 16
    for (int i = 0; i < rows; ++i) {
      const auto value = Step::spread(transposed ? a.data + i : a.data + i * a.pitch);
      sum[i][0] = Step::accumulate(sum[i][0], value, left);
      sum[i][1] = Step::accumulate(sum[i][1], value, right);
    }
    a.data += transposed ? a.pitch : Step::per_step;
    b += panel * Step::per_step;
  }
#pragma GCC unroll 16
  for (int i = 0; i < rows; ++i) {
    sum[i][0].store(c + i * c_pitch);
    sum[i][1].store(c + i * c_pitch + Vec::width);
  }
}

// The last, shorter block of rows: finds the instance for their number.
template <class Step, bool transposed, int rows = tile_rows - 1>
inline void micro_tail(int64_t count, int64_t depth, Left<typename Step::Element> a, const typename Step::Element* b,
                       float* c, int64_t c_pitch, bool add) {
  if constexpr (rows > 0) {
    if (count == rows) {
      micro_kernel<Step, rows, transposed>(depth, a, b, c, c_pitch, add);
    } else {
      micro_tail<Step, transposed, rows - 1>(count, depth, a, b, c, c_pitch, add);
    }
  }
}

template <class Element>
struct Panels {
  const Element* data;
  int64_t depth;  // rows of the whole packed matrix
  int64_t begin;  // first row to use
  int64_t cols;
};

// c (rows x cols) = a (rows x depth) * b's rows from b.begin on, plus what c held if `add`.
template <class Step, bool transposed>
inline void tile_gemm(int64_t rows, int64_t depth, Left<typename Step::Element> a, Panels<typename Step::Element> b,
                      float* c, int64_t c_pitch, bool add) {
  constexpr int64_t block = 256 * Step::per_step;  // a panel's block (32 KiB) stays in the first-level cache
  for (int64_t k = 0; k < depth; k += block) {
    const int64_t steps = least(block, depth - k);
    const Left<typename Step::Element> a_block{a.data + (transposed ? k * a.pitch : k), a.pitch};
    for (int64_t j = 0; j < b.cols; j += panel) {
      const auto* b_block = b.data + j * b.depth + (b.begin + k) * panel;
      int64_t i = 0;
      for (; i + tile_rows <= rows; i += tile_rows) {
        const Left<typename Step::Element> a_rows{a_block.data + (transposed ? i : i * a.pitch), a.pitch};
        micro_kernel<Step, tile_rows, transposed>(steps, a_rows, b_block, c + i * c_pitch + j, c_pitch, add || k > 0);
      }
      const Left<typename Step::Element> a_rows{a_block.data + (transposed ? i : i * a.pitch), a.pitch};
      micro_tail<Step, transposed>(rows - i, steps, a_rows, b_block, c + i * c_pitch + j, c_pitch, add || k > 0);
    }
  }
}

}  // namespace DVM_ISA
}  // namespace dvm
