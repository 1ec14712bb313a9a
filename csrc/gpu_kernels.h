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

// Stage B: the whole convolution in one kernel, for the layers that `fused_outputs` takes.
struct DeformConvFused {
  DeformConvShape shape;
  DeformConvSampling sampling;
  Type type;  // of all that follows
  const void* x;
  const void* packed;  // (channels / 64, taps, fused_outputs, 64): zeros past the layer's own outputs
  const void* bias;    // may be null
  void* out;
};

// Outputs that `packed` has room for; 0 for a layer that the fused kernel does not take.
int deform_conv_fused_outputs(const DeformConvShape& shape, Type type);

struct GpuKernels {
  void (*select)(int device);  // makes it the calling thread's device
  void (*deform_conv_columns)(const DeformConvColumns&, void* stream);
  void (*deform_conv_scatter)(const DeformConvScatter&, void* stream);
  void (*deform_conv_fused)(const DeformConvFused&, void* stream);
  void (*correlation_forward)(const CorrelationForward&, void* stream);
  void (*correlation_backward)(const CorrelationBackward&, void* stream);
};

extern const GpuKernels emulated_kernels;
extern const GpuKernels cuda_kernels;  // only where the extension was built with CUDA

// Compute capability of the current device, for instance 90; 0 without a usable device or driver.
int cuda_architecture();

}  // namespace dvm
