// Which of the compiled instruction sets this processor runs.
#include "cpu_kernels.h"

#if defined(DVM_X86_KERNELS)
#include <cpuid.h>
#endif
#if defined(DVM_AMX_KERNELS)
#include <sys/syscall.h>
#include <unistd.h>
#endif

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
#if defined(DVM_AMX_KERNELS)
namespace amx_bf16 {
extern const CpuKernels table;
}
#endif

namespace {

bool runs_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

bool runs_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

bool runs_avx512_bf16() { return runs_avx512() && __builtin_cpu_supports("avx512bf16"); }

// Intel's processors with a matrix unit leave bfloat16 to it: measured on one of them, vdpbf16ps
// starts a quarter as often as a float32 multiply-add and does twice as much, so float32 is faster. All of them have
// AVX512-FP16, which neither their forerunner with AVX512-BF16 nor AMD's Zen 4 and 5 have.
bool has_slow_bf16_products() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  constexpr unsigned avx512_fp16 = 1u << 23;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & avx512_fp16) != 0 && __builtin_cpu_is("intel");
}

#if defined(DVM_AMX_KERNELS)
// The processor's matrix unit, which Linux lends to a process that asks for it: its registers make signal frames large.
bool may_use_amx() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  constexpr unsigned amx_bf16 = 1u << 22, amx_tile = 1u << 24;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d & amx_bf16) == 0 || (d & amx_tile) == 0) return false;
  constexpr long request_permission = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}
#endif

}  // namespace
#endif

static CpuKernelList find_cpu_kernels() {
  CpuKernelList list{{&portable::table}, 1};
#if defined(DVM_X86_KERNELS)
  __builtin_cpu_init();
  if (runs_avx2()) list.kernels[list.count++] = &avx2::table;
  if (runs_avx2() && runs_avx512()) {
    const bool bf16_products = runs_avx512_bf16(), slow = bf16_products && has_slow_bf16_products();
    if (slow) list.kernels[list.count++] = &avx512_bf16::table;
    list.kernels[list.count++] = &avx512::table;
    if (bf16_products && !slow) list.kernels[list.count++] = &avx512_bf16::table;
#if defined(DVM_AMX_KERNELS)
    if (bf16_products && may_use_amx()) list.kernels[list.count++] = &amx_bf16::table;
#endif
  }
#endif
  return list;
}

CpuKernelList cpu_kernels() {
  static const CpuKernelList list = find_cpu_kernels();
  return list;
}

}  // namespace dvm
