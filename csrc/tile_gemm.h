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

// Where the result's panels of columns lie: element (i, j) at data[j / panel * panel_pitch + i * pitch + j % panel].
struct Result {
  float* data;
  int64_t pitch, panel_pitch;
  bool add;  // to what lies there

  static Result rows(float* data, int64_t pitch, bool add) { return {data, pitch, panel, add}; }
  float* at(int64_t i, int64_t j) const { return data + j / panel * panel_pitch + i * pitch; }
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

// Multiplies with rows [begin, begin + steps) of the sum, one panel of the result.
template <class Step, bool transposed>
inline void panel_gemm(int64_t rows, int64_t begin, int64_t steps, Left<typename Step::Element> a,
                       const typename Step::Element* b, Result c, int64_t j) {
  a.data += transposed ? begin * a.pitch : begin;
  const bool add = c.add || begin > 0;
  for (int64_t i = 0; i < rows; i += tile_rows) {
    const Left<typename Step::Element> a_rows{a.data + (transposed ? i : i * a.pitch), a.pitch};
    if (i + tile_rows <= rows) {
      micro_kernel<Step, tile_rows, transposed>(steps, a_rows, b, c.at(i, j), c.pitch, add);
    } else {
      micro_tail<Step, transposed>(rows - i, steps, a_rows, b, c.at(i, j), c.pitch, add);
    }
  }
}

// c (rows x cols) = a (rows x depth) * b's rows from b.begin on, plus what c held if c.add.
template <class Step, bool transposed>
inline void tile_gemm(int64_t rows, int64_t depth, Left<typename Step::Element> a, Panels<typename Step::Element> b,
                      Result c) {
  // A panel's block (32 KiB) stays in the first-level cache; blocks are near-equal, because each costs a pass over c.
  constexpr int64_t most = 256 * Step::per_step;
  const int64_t blocks = (depth + most - 1) / most;
  const int64_t block = blocks > 0 ? round_up((depth + blocks - 1) / blocks, Step::per_step) : most;
  const auto multiply = [&](int64_t k, int64_t j) {
    panel_gemm<Step, transposed>(rows, k, least(block, depth - k), a, b.data + j * b.depth + (b.begin + k) * panel, c,
                                 j);
  };
  if (transposed) {  // a long result: each of its panels is finished before the next
    for (int64_t j = 0; j < b.cols; j += panel) {
      for (int64_t k = 0; k < depth; k += block) multiply(k, j);
    }
  } else {  // a long sum: each block of a serves all panels
    for (int64_t k = 0; k < depth; k += block) {
      for (int64_t j = 0; j < b.cols; j += panel) multiply(k, j);
    }
  }
}

// The matrix unit's registers, for as long as a thread multiplies: eight tiles of 16 rows of 64 bytes.
struct MatrixUnit {
#if defined(__AMX_BF16__)
  MatrixUnit() {
    struct alignas(64) {
      uint8_t palette = 1, start_row = 0, reserved[14] = {};
      uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
      uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    } tiles;
    static_assert(sizeof tiles == 64, "the processor's own format");
    _tile_loadconfig(&tiles);
  }
  ~MatrixUnit() { _tile_release(); }
#else
  MatrixUnit() {}
  ~MatrixUnit() {}
#endif
  MatrixUnit(const MatrixUnit&) = delete;
  MatrixUnit& operator=(const MatrixUnit&) = delete;
};

// Rows come in blocks of so many: `tile_gemm_padded` reads and writes whole ones.
constexpr int64_t row_block = 16;

#if defined(__AMX_BF16__)

// 32 rows (16 unless `two`) by one panel; `depth` is a multiple of 32.
template <bool two>
inline void matrix_kernel(int64_t depth, Left<bf16> a, const bf16* b, float* c, int64_t c_pitch, bool add) {
  const int64_t a_step = a.pitch * 2, c_step = c_pitch * 4;
  const bf16* lower = a.data + 16 * a.pitch;
  float* c_lower = c + 16 * c_pitch;
  if (add) {
    _tile_loadd(0, c, c_step);
    _tile_loadd(1, c + 16, c_step);
    if (two) _tile_loadd(2, c_lower, c_step);
    if (two) _tile_loadd(3, c_lower + 16, c_step);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    if (two) _tile_zero(2);
    if (two) _tile_zero(3);
  }
  for (int64_t k = 0; k < depth; k += 32, b += 32 * panel) {
    _tile_loadd(4, a.data + k, a_step);
    _tile_loadd(6, b, panel * 4);
    _tile_loadd(7, b + panel, panel * 4);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    if (two) {
      _tile_loadd(5, lower + k, a_step);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
  }
  _tile_stored(0, c, c_step);
  _tile_stored(1, c + 16, c_step);
  if (two) _tile_stored(2, c_lower, c_step);
  if (two) _tile_stored(3, c_lower + 16, c_step);
}

inline void matrix_gemm(int64_t rows, int64_t depth, Left<bf16> a, Panels<bf16> b, Result c) {
  constexpr int64_t block = 512;  // a panel's block (32 KiB) stays in the first-level cache
  for (int64_t k = 0; k < depth; k += block) {
    const int64_t steps = least(block, depth - k);
    for (int64_t j = 0; j < b.cols; j += panel) {
      const bf16* b_block = b.data + j * b.depth + (b.begin + k) * panel;
      for (int64_t i = 0; i < rows; i += 2 * row_block) {
        const Left<bf16> a_block{a.data + i * a.pitch + k, a.pitch};
        if (rows - i > row_block) {
          matrix_kernel<true>(steps, a_block, b_block, c.at(i, j), c.pitch, c.add || k > 0);
        } else {
          matrix_kernel<false>(steps, a_block, b_block, c.at(i, j), c.pitch, c.add || k > 0);
        }
      }
    }
  }
}

#endif

// tile_gemm where a and c have room for whole blocks of rows, and a MatrixUnit lives: on it, as far as it goes.
template <class Step>
inline void tile_gemm_padded(int64_t rows, int64_t depth, Left<typename Step::Element> a,
                             Panels<typename Step::Element> b, Result c) {
#if defined(__AMX_BF16__)
  if constexpr (sizeof(typename Step::Element) == sizeof(bf16)) {
    const int64_t whole = depth / 32 * 32;
    if (whole > 0) matrix_gemm(rows, whole, a, b, c);
    if (whole == depth) return;
    a.data += whole;
    b.begin += whole;
    depth -= whole;
    c.add = c.add || whole > 0;
  }
#endif
  tile_gemm<Step, false>(rows, depth, a, b, c);
}

}  // namespace DVM_ISA
}  // namespace dvm
