// Where each sampled position of a pixel lies, and how its four corners weigh: all lanes of a pixel at once.
#pragma once

#include "deform_conv.h"
#include "vec.h"

namespace dvm {
namespace DVM_ISA {

// exp by 2^n e^r, |r| <= ln 2 / 2, with a Taylor polynomial; 1e-7 relative. NaN stays NaN.
inline Vec exponential(Vec x) {
  x = Vec::min(Vec::all(88.0f), Vec::max(Vec::all(-87.0f), x));
  const Vec n = Vec::floor(Vec::fma(x, Vec::all(1.44269504f), Vec::all(0.5f)));
  const Vec r = Vec::fma(n, Vec::all(2.12194440e-4f), Vec::fma(n, Vec::all(-0.693359375f), x));
  constexpr float terms[] = {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f};
  Vec sum = Vec::all(1.0f / 5040);
  for (float term : terms) sum = Vec::fma(sum, r, Vec::all(term));
  return Vec::scale(sum, Vec::integer(n));
}

inline Vec sigmoid(Vec x) { return Vec::all(1.0f) / (Vec::all(1.0f) + exponential(Vec::all(0.0f) - x)); }

// The displacement of each lane's tap. Arrays have `pitch` entries, whole vectors.
struct Lanes {
  int64_t count, pitch;
  const float* tap_y;
  const float* tap_x;

  static int64_t pitch_for(const DeformConvShape& s) { return (s.lanes() + Vec::width - 1) / Vec::width * Vec::width; }

  static int64_t bytes(const DeformConvShape& s) { return 2 * pitch_for(s) * int64_t(sizeof(float)); }

  static Lanes make(const DeformConvShape& s, char* bytes) {
    const int64_t pitch = pitch_for(s);
    float* memory = reinterpret_cast<float*>(bytes);
    for (int64_t lane = 0; lane < pitch; ++lane) {
      const int64_t tap = lane % s.taps();
      memory[lane] = float(tap / s.tap_cols * s.dilation[0]);
      memory[pitch + lane] = float(tap % s.tap_cols * s.dilation[1]);
    }
    return {s.lanes(), pitch, memory, memory + pitch};
  }
};

// One pixel of the result.
struct Pixel {
  const float* offset;
  const float* mask;
  float y, x;  // where its first tap stands in the input without offsets

  static Pixel at(const DeformConvShape& s, const DeformConvSampling& from, int64_t n, int64_t row, int64_t col) {
    const int64_t index = (n * s.rows + row) * s.cols + col;
    return {from.offset + index * from.offset_pitch, from.mask + index * from.mask_pitch,
            float(row * s.stride[0] - s.padding[0]), float(col * s.stride[1] - s.padding[1])};
  }
};

// A vector of positions along one axis. The two rows (or columns) around a position are `first` and `second`; at the
// border they are the outermost two instead, so that both always exist. A row's weight is a hat around it, which makes
// it zero for a row that is not next to the position, and for positions that are outside, infinite or NaN.
struct Axis {
  Vec at, cell, first, second;  // cell: floor(at)

  // `size` rows; an axis of one row has its second row out of reach.
  static Axis of(Vec at, int64_t size) {
    Axis axis;
    axis.at = at;
    axis.cell = Vec::floor(at);
    // Of NaN, min and max give their second argument.
    axis.first = Vec::max(Vec::min(axis.cell, Vec::all(float(size - 2))), Vec::all(0.0f));
    axis.second = axis.first + Vec::all(size > 1 ? 1.0f : 1e30f);
    return axis;
  }
  Vec weight(Vec row) const { return Vec::max(Vec::all(1.0f) - Vec::absolute(at - row), Vec::all(0.0f)); }

  // The weight's derivative; at a whole position, that to the right.
  Vec slope(Vec row) const {
    const Vec one = Vec::all(1.0f), zero = Vec::all(0.0f);
    return Vec::where(Vec::equal(cell, row), zero - one, Vec::where(Vec::equal(cell, row - one), one, zero));
  }
};

// A vector of sampled positions.
struct Place {
  Axis y, x;

  // Lanes [lane, lane + width) of a pixel, of which `n` exist.
  static Place read(const Pixel& pixel, const Lanes& lanes, int64_t lane, int n, const DeformConvShape& s) {
    constexpr int w = Vec::width;
    const float* from = pixel.offset + 2 * lane;
    Vec y, x;
    if (n == w) {
      Vec::split(Vec::load(from), Vec::load(from + w), y, x);
    } else {
      Vec::split(Vec::load(from, 2 * n < w ? 2 * n : w), Vec::load(from + w, 2 * n > w ? 2 * n - w : 0), y, x);
    }
    // The whole-pixel part is exact, so that it is added as the reference adds it: first.
    y = Vec::all(pixel.y) + Vec::load(lanes.tap_y + lane) + y;
    x = Vec::all(pixel.x) + Vec::load(lanes.tap_x + lane) + x;
    return {Axis::of(y, s.height), Axis::of(x, s.width)};
  }
};

inline Vec read_mask(const Pixel& pixel, const DeformConvSampling& from, int64_t lane, int n) {
  const Vec mask = n == Vec::width ? Vec::load(pixel.mask + lane) : Vec::load(pixel.mask + lane, n);
  return from.logit ? sigmoid(mask) : mask;
}

// Elements from a sampled cell's first pixel to its right and lower neighbours.
struct Steps {
  int64_t right, down;

  static Steps of(const DeformConvShape& s) {
    return {s.width > 1 ? s.channels : 0, s.height > 1 ? s.width * s.channels : 0};
  }
};

// Starts loading a sampled cell's four pixels. Always inlined: GCC takes a function of nothing but prefetches for one
// without effect, and drops its calls.
#if defined(__GNUC__)
#define DVM_PREFETCH(address) __builtin_prefetch(address)
#define DVM_ALWAYS_INLINE __attribute__((always_inline)) inline
#else
#define DVM_PREFETCH(address) (void)(address)
#define DVM_ALWAYS_INLINE inline
#endif
template <class From>
DVM_ALWAYS_INLINE void prefetch_cell(const From* x, Steps steps, int64_t channels) {
  constexpr int64_t line = 64 / sizeof(From);
  for (int64_t c = 0; c < channels; c += line) {
    DVM_PREFETCH(x + c);
    DVM_PREFETCH(x + steps.right + c);
    DVM_PREFETCH(x + steps.down + c);
    DVM_PREFETCH(x + steps.down + steps.right + c);
  }
}

// What a gather needs of one pixel: one entry a lane. A lane outside of the map has the index -1.
struct Plan {
  int32_t* index;  // [pitch]: the cell's first pixel, in elements from the image's first
  float* weight;   // [4][pitch]: bilinear weight times mask; first row's left, right, second row's left, right
  int64_t pitch;

  static int64_t bytes(int64_t pitch) { return 5 * pitch * int64_t(sizeof(float)); }
  static Plan in(char* memory, int64_t pitch) {
    return {reinterpret_cast<int32_t*>(memory), reinterpret_cast<float*>(memory) + pitch, pitch};
  }

  void fill(const Pixel& pixel, const Lanes& lanes, const DeformConvSampling& from, const DeformConvShape& s) {
    for (int64_t lane = 0; lane < lanes.count; lane += Vec::width) {
      const int n = int(lanes.count - lane < Vec::width ? lanes.count - lane : Vec::width);
      const Place place = Place::read(pixel, lanes, lane, n, s);
      const Vec mask = read_mask(pixel, from, lane, n);
      const Vec upper = place.y.weight(place.y.first), lower = place.y.weight(place.y.second);
      const Vec left = place.x.weight(place.x.first), right = place.x.weight(place.x.second);
      (upper * mask * left).store(weight + lane);
      (upper * mask * right).store(weight + pitch + lane);
      (lower * mask * left).store(weight + 2 * pitch + lane);
      (lower * mask * right).store(weight + 3 * pitch + lane);
      const auto inside = Vec::less(Vec::all(0.0f), (upper + lower) * (left + right));
      const int row = int(s.width * s.channels), pixels = int(s.channels);
      const auto first =
          Vec::multiply_add(Vec::integer(place.y.first), row, Vec::multiply(Vec::integer(place.x.first), pixels));
      Vec::store(index + lane, Vec::where(inside, first, -1));
    }
  }
};

}  // namespace DVM_ISA
}  // namespace dvm
