// One fp32 vector type per instruction set, so that every kernel is written once.
//
// Each kernel source is compiled several times, each time with another DVM_ISA (a namespace) and another -march.
// Everything it uses lives in that namespace: a function compiled for AVX-512 must never be merged by the linker with
// its baseline twin, which is also why these sources keep clear of the standard library's templates.
#pragma once

#if defined(__AVX512F__)
#include "vec_avx512.h"
#elif defined(__AVX2__)
#include "vec_avx2.h"
#else
#include "vec_portable.h"
#endif

namespace dvm {
namespace DVM_ISA {

// tile_rows x 2 accumulators, 2 registers for the panel and 1 broadcast: 31 of 32 with AVX-512, 15 of 16 otherwise.
#if defined(__AVX512F__)
using Vec = F16;
using Half = F8;
constexpr int tile_rows = 14;
#elif defined(__AVX2__)
using Vec = F8;
using Half = F8;
constexpr int tile_rows = 6;
#else
using Vec = F4;
using Half = F4;
constexpr int tile_rows = 6;
#endif

}  // namespace DVM_ISA
}  // namespace dvm
