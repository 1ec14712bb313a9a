// Modulated deformable convolution (DCN v2): what crosses the border to the kernels. Plain pointers and numbers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace dvm {

enum class Type { f32, bf16, f16 };

// All maps are dense NHWC: element (n, y, x, c) of x lies at ((n * height + y) * width + x) * channels + c.
struct DeformConvShape {
  int64_t batch, channels, height, width;
  int64_t outputs, rows, cols;  // channels, height and width of the result
  int64_t tap_rows, tap_cols;
  int64_t stride[2], padding[2], dilation[2];  // vertical, horizontal
  int64_t groups;                              // deformable groups

  constexpr int64_t taps() const { return tap_rows * tap_cols; }
  constexpr int64_t lanes() const { return groups * taps(); }    // sampled positions a pixel
  constexpr int64_t depth() const { return channels * taps(); }  // length of one output's sum
};

// Offsets (2 lanes a pixel, y before x) and masks (1 lane a pixel) may lie interleaved with other channels, as in a raw
// offset-and-mask map; `logit` says that the mask still wants its sigmoid.
struct DeformConvSampling {
  const float* offset;
  const float* mask;
  int64_t offset_pitch, mask_pitch;  // floats from one pixel to the next
  bool logit;
};

struct DeformConvForward {
  DeformConvShape shape;
  DeformConvSampling sampling;
  Type type;  // of x, bias and out
  const void* x;
  const void* packed;  // from deform_conv_pack, for this type
  const void* bias;    // may be null
  void* out;
  int threads;
};

// Where a weight's element (output, channel, tap row, tap column) lies: strides in elements.
struct DeformConvWeight {
  Type type;
  const void* data;
  int64_t strides[4];
};

// Gradients are float32 whatever the type. grad_offset and grad_mask are pitched like their inputs.
struct DeformConvBackward {
  DeformConvShape shape;
  DeformConvSampling sampling;
  DeformConvWeight weight;
  Type type;  // of grad and x
  const void* grad;
  const void* x;
  float* grad_x;
  float* grad_offset;
  float* grad_mask;
  float* grad_weight;  // dense (outputs, channels, tap_rows, tap_cols)
  int threads;
};

struct DeformConvPack {
  DeformConvShape shape;
  DeformConvWeight weight;
  void* packed;
  int threads;
};

}  // namespace dvm
