// The kernel table of one instruction set.
#include "cpu_kernels.h"
#include "cpu_kernels_isa.h"

namespace dvm {
namespace DVM_ISA {

extern const CpuKernels table;
const CpuKernels table{DVM_ISA_NAME,         deform_conv_packed_bytes, deform_conv_pack,    deform_conv_forward,
                       deform_conv_backward, correlation_forward,      correlation_backward};

}  // namespace DVM_ISA
}  // namespace dvm
