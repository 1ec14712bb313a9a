// What the sources of one instruction set offer each other.
#pragma once

#include "correlation.h"
#include "deform_conv.h"

namespace dvm {
namespace DVM_ISA {

size_t deform_conv_packed_bytes(const DeformConvShape& shape, Type type);
void deform_conv_pack(const DeformConvPack& job);
void deform_conv_forward(const DeformConvForward& job);
void deform_conv_backward(const DeformConvBackward& job);
void correlation_forward(const CorrelationForward& job);
void correlation_backward(const CorrelationBackward& job);

}  // namespace DVM_ISA
}  // namespace dvm
