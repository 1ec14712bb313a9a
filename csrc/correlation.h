// Local correlation: what crosses the border to the kernels. Plain pointers and numbers.
#pragma once

#include "deform_conv.h"

namespace dvm {

// Maps are dense NHWC (batch, height, width, channels); the result is (batch, rows, cols, side * side).
struct CorrelationShape {
  int64_t batch, channels, height, width;
  int64_t radius, stride, dilation;

  constexpr int64_t side() const { return 2 * radius + 1; }
  constexpr int64_t rows() const { return (height + stride - 1) / stride; }
  constexpr int64_t cols() const { return (width + stride - 1) / stride; }
};

struct CorrelationForward {
  CorrelationShape shape;
  Type type;  // of all three maps
  const void* first;
  const void* second;
  void* out;
  int threads;
};

struct CorrelationBackward {
  CorrelationShape shape;
  Type type;  // of all five maps
  const void* grad;
  const void* first;
  const void* second;
  void* grad_first;
  void* grad_second;
  int threads;
};

}  // namespace dvm
