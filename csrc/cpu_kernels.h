// The CPU kernels of one instruction set, as a table; one table for each set that was compiled.
#pragma once

#include "correlation.h"
#include "deform_conv.h"

namespace dvm {

struct CpuKernels {
  const char* name;
  size_t (*deform_conv_packed_bytes)(const DeformConvShape&, Type);
  void (*deform_conv_pack)(const DeformConvPack&);
  void (*deform_conv_forward)(const DeformConvForward&);
  void (*deform_conv_backward)(const DeformConvBackward&);
  void (*correlation_forward)(const CorrelationForward&);
  void (*correlation_backward)(const CorrelationBackward&);
};

// Tables that this processor can run, slowest first. Never empty.
struct CpuKernelList {
  const CpuKernels* kernels[5];
  int count;
};
CpuKernelList cpu_kernels();

}  // namespace dvm
