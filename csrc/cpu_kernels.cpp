// Which of the compiled instruction sets this processor runs.
#include "cpu_kernels.h"

namespace dvm {

namespace portable {
extern const CpuKernels table;
}
#if defined(DVM_X86_KERNELS)
namespace avx2 {
extern const CpuKernels table;
}
namespace avx512 {
extern const CpuKernels table;
}
namespace avx512_bf16 {
extern const CpuKernels table;
}

namespace {

bool runs_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

bool runs_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

}  // namespace
#endif

CpuKernelList cpu_kernels() {
  CpuKernelList list{{&portable::table}, 1};
#if defined(DVM_X86_KERNELS)
  __builtin_cpu_init();
  if (runs_avx2()) list.kernels[list.count++] = &avx2::table;
  if (runs_avx2() && runs_avx512()) list.kernels[list.count++] = &avx512::table;
  if (runs_avx2() && runs_avx512() && __builtin_cpu_supports("avx512bf16")) {
    list.kernels[list.count++] = &avx512_bf16::table;
  }
#endif
  return list;
}

}  // namespace dvm
