// The CUDA kernels' bodies, run on the CPU: what tests check where there is no GPU. float16 stays with the GPU.
#include "correlation_body.h"
#include "deform_conv_fused_body.h"
#include "emulate.h"

namespace dvm {
namespace {

void select(int) {}

void columns(const DeformConvColumns& job, void*) {
  job.type == Type::f32 ? deform_conv_columns<float>(job, Emulator()) : deform_conv_columns<Bf16>(job, Emulator());
}

void scatter(const DeformConvScatter& job, void*) {
  job.forward.type == Type::f32 ? deform_conv_scatter<float>(job, Emulator())
                                : deform_conv_scatter<Bf16>(job, Emulator());
}

void fused(const DeformConvFused& job, void*) { deform_conv_fused<Bf16>(job, Emulator()); }

void correlate(const CorrelationForward& job, void*) {
  job.type == Type::f32 ? correlation_forward<float>(job, Emulator()) : correlation_forward<Bf16>(job, Emulator());
}

void correlate_back(const CorrelationBackward& job, void*) {
  job.type == Type::f32 ? correlation_backward<float>(job, Emulator()) : correlation_backward<Bf16>(job, Emulator());
}

}  // namespace

const GpuKernels emulated_kernels{select, columns, scatter, fused, correlate, correlate_back};

int deform_conv_fused_outputs(const DeformConvShape& shape, Type type) { return fused_outputs(shape, type); }

#if !defined(DVM_WITH_CUDA)
int cuda_architecture() { return 0; }
#endif

}  // namespace dvm
