// The CUDA kernels as the bindings see them: the same jobs on a device's stream, or emulated on the CPU.
#pragma once

#include "correlation.h"
#include "deform_conv.h"

namespace dvm {

// Stage A of a deformable convolution: a chunk of output pixels (counted over batch, rows and columns) becomes a
// matrix of columns (pixels, taps, channels), which torch then multiplies with the weight on the same stream.
struct DeformConvColumns {
  DeformConvShape shape;
  DeformConvSampling sampling;
  Type type;  // of x and columns
  const void* x;
  void* columns;
  int64_t first, pixels;
};

// And back: the columns' gradient becomes gradients of x (float32, added to), offsets and masks.
struct DeformConvScatter {
  DeformConvColumns forward;  // `columns` holds the columns' gradient, and then the columns
  float* grad_x;
  float* grad_offset;
  float* grad_mask;
};

struct GpuKernels {
  void (*select)(int device);  // makes it the calling thread's device
  void (*deform_conv_columns)(const DeformConvColumns&, void* stream);
  void (*deform_conv_scatter)(const DeformConvScatter&, void* stream);
  void (*correlation_forward)(const CorrelationForward&, void* stream);
  void (*correlation_backward)(const CorrelationBackward&, void* stream);
};

extern const GpuKernels emulated_kernels;
extern const GpuKernels cuda_kernels;  // only where the extension was built with CUDA

// Compute capability of the current device, for instance 90; 0 without a usable device or driver.
int cuda_architecture();

}  // namespace dvm
