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

// A vector of sampled positions: the cell's upper left corner, the way into the cell, and which corners exist.
// A position that is not inside (NaN and infinity are not) stands at 0 with no corners.
struct Place {
  Vec top, left, down, right;  // floor(y), floor(x), y - floor(y), x - floor(x)
  Vec::Mask inside, has_top, has_bottom, has_left, has_right;

  static Place of(Vec y, Vec x, Vec height, Vec width) {
    const Vec zero = Vec::all(0.0f), before = Vec::all(-1.0f);
    Place p;
    p.inside = Vec::both(Vec::both(Vec::less(before, y), Vec::less(y, height)),
                         Vec::both(Vec::less(before, x), Vec::less(x, width)));
    y = Vec::where(p.inside, y, zero);
    x = Vec::where(p.inside, x, zero);
    p.top = Vec::floor(y);
    p.left = Vec::floor(x);
    p.down = y - p.top;
    p.right = x - p.left;
    p.has_top = Vec::both(p.inside, Vec::less(before, p.top));
    p.has_bottom = Vec::both(p.inside, Vec::less(p.top, height + before));
    p.has_left = Vec::less(before, p.left);
    p.has_right = Vec::less(p.left, width + before);
    return p;
  }

  // Lanes [lane, lane + width) of a pixel, of which `n` exist.
  static Place read(const Pixel& pixel, const Lanes& lanes, int64_t lane, int n, const DeformConvShape& s) {
    constexpr int w = Vec::width;
    const float* from = pixel.offset + 2 * lane;
    Vec y, x;
    Vec::split(Vec::load(from, 2 * n < w ? 2 * n : w), Vec::load(from + w, 2 * n > w ? 2 * n - w : 0), y, x);
    // The whole-pixel part is exact, so that it is added as the reference adds it: first.
    y = Vec::all(pixel.y) + Vec::load(lanes.tap_y + lane) + y;
    x = Vec::all(pixel.x) + Vec::load(lanes.tap_x + lane) + x;
    return of(y, x, Vec::all(float(s.height)), Vec::all(float(s.width)));
  }

  // The four corners' shares, zero where there is no corner, given what stands for (1 - down), down, ...
  void spread(Vec up_part, Vec down_part, Vec left_part, Vec right_part, Vec* corners) const {
    const Vec zero = Vec::all(0.0f);
    const Vec upper = Vec::where(has_top, up_part, zero), lower = Vec::where(has_bottom, down_part, zero);
    left_part = Vec::where(has_left, left_part, zero);
    right_part = Vec::where(has_right, right_part, zero);
    corners[0] = upper * left_part;
    corners[1] = upper * right_part;
    corners[2] = lower * left_part;
    corners[3] = lower * right_part;
  }

  void weights(Vec* corners) const {
    const Vec one = Vec::all(1.0f);
    spread(one - down, down, one - right, right, corners);
  }
};

inline Vec read_mask(const Pixel& pixel, const DeformConvSampling& from, int64_t lane, int n) {
  const Vec mask = Vec::load(pixel.mask + lane, n);
  return from.logit ? sigmoid(mask) : mask;
}

// What a gather needs of one pixel: for each corner, one entry a lane. A lane outside of the map has index[0] = -1.
struct Plan {
  int32_t* index;  // [4][pitch]: elements from the image's first
  float* weight;   // [4][pitch]: bilinear weight times mask
  int64_t pitch;

  static int64_t bytes(int64_t pitch) { return 8 * pitch * int64_t(sizeof(float)); }
  static Plan in(char* memory, int64_t pitch) {
    return {reinterpret_cast<int32_t*>(memory), reinterpret_cast<float*>(memory) + 4 * pitch, pitch};
  }

  void fill(const Pixel& pixel, const Lanes& lanes, const DeformConvSampling& from, const DeformConvShape& s) {
    for (int64_t lane = 0; lane < lanes.count; lane += Vec::width) {
      const int n = int(lanes.count - lane < Vec::width ? lanes.count - lane : Vec::width);
      const Place place = Place::read(pixel, lanes, lane, n, s);
      const Vec mask = read_mask(pixel, from, lane, n);
      Vec corners[4];
      place.weights(corners);
      for (int k = 0; k < 4; ++k) (corners[k] * mask).store(weight + k * pitch + lane);
      store_indices(place, lane, s);
    }
  }

 private:
  // Corners that do not exist borrow their neighbour's index: their weight is zero, and their neighbour is finite
  // wherever the sample is.
  void store_indices(const Place& place, int64_t lane, const DeformConvShape& s) {
    const Vec zero = Vec::all(0.0f), one = Vec::all(1.0f);
    const auto none = Vec::integer(zero);
    const auto left = Vec::integer(Vec::max(place.left, zero));
    const auto right = Vec::integer(Vec::min(place.left + one, Vec::all(float(s.width - 1))));
    const auto top = Vec::integer(Vec::max(place.top, zero));
    const auto bottom = Vec::integer(Vec::min(place.top + one, Vec::all(float(s.height - 1))));
    const int width = int(s.width), channels = int(s.channels);
    const auto first = Vec::multiply_add(Vec::multiply_add(top, width, left), channels, none);
    Vec::store(index + lane, Vec::where(place.inside, first, -1));
    Vec::store(index + pitch + lane, Vec::multiply_add(Vec::multiply_add(top, width, right), channels, none));
    Vec::store(index + 2 * pitch + lane, Vec::multiply_add(Vec::multiply_add(bottom, width, left), channels, none));
    Vec::store(index + 3 * pitch + lane, Vec::multiply_add(Vec::multiply_add(bottom, width, right), channels, none));
  }
};

}  // namespace DVM_ISA
}  // namespace dvm
