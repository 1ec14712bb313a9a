// What the .cu sources offer the table of CUDA kernels.
#pragma once

#include "gpu_kernels.h"

namespace dvm {

void deform_conv_columns_cuda(const DeformConvColumns& job, void* stream);
void deform_conv_scatter_cuda(const DeformConvScatter& job, void* stream);
void deform_conv_fused_cuda(const DeformConvFused& job, void* stream);
void correlation_forward_cuda(const CorrelationForward& job, void* stream);
void correlation_backward_cuda(const CorrelationBackward& job, void* stream);

}  // namespace dvm
