// How a deformable convolution is cut: tiles of pixels, and chunks of the sum.
#pragma once

#include "deform_conv_plan.h"
#include "scratch.h"
#include "tile_gemm.h"

namespace dvm {
namespace DVM_ISA {

struct Tile {
  int64_t n, row, col, rows, cols;
  int64_t pixels() const { return rows * cols; }
};

// Near-equal rectangles, because a rectangle's samples overlap most and so stay in the cache.
class Tiling {
 public:
  Tiling(const DeformConvShape& s, int64_t max_rows, int64_t max_cols)
      : shape_(s),
        down_((s.rows + max_rows - 1) / max_rows),
        across_((s.cols + max_cols - 1) / max_cols),
        rows_((s.rows + down_ - 1) / down_),
        cols_((s.cols + across_ - 1) / across_) {}

  int64_t count() const { return shape_.batch * down_ * across_; }
  int64_t max_pixels() const { return rows_ * cols_; }
  Tile operator[](int64_t index) const {
    const int64_t n = index / (down_ * across_), rest = index % (down_ * across_);
    const int64_t row = rest / across_ * rows_, col = rest % across_ * cols_;
    // Rounding up may leave the last tiles short, or empty.
    const int64_t rows = row < shape_.rows ? least(rows_, shape_.rows - row) : 0;
    const int64_t cols = col < shape_.cols ? least(cols_, shape_.cols - col) : 0;
    return {n, row, col, rows, cols};
  }

 private:
  const DeformConvShape& shape_;
  int64_t down_, across_, rows_, cols_;
};

// The sum runs over cells, tap by tap and group by group within a tap; a cell is one group's channels at one tap.
// Chunks are runs of cells whose column tile fits the second-level cache.
struct Cells {
  int64_t count, channels, per_chunk;

  Cells(const DeformConvShape& s, int64_t groups, int64_t tile_pixels)
      : count(groups * s.taps()), channels(s.channels / s.groups), per_chunk(count) {
    constexpr int64_t cache = 320 * 1024 / sizeof(float), usual = 256;
    if (count * channels * tile_pixels <= cache) return;
    per_chunk = usual < channels ? 1 : usual / channels;
    // An even number of elements, so that bfloat16 pairs never straddle two chunks.
    if (channels % 2) per_chunk = round_up(per_chunk, 2);
    per_chunk = least(per_chunk, count);
  }
  int64_t chunk(int64_t begin) const { return least(per_chunk, count - begin); }
  int64_t widest() const { return per_chunk * channels; }
};

}  // namespace DVM_ISA
}  // namespace dvm
