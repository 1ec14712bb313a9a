// Lays a convolution's weight out in the order in which the micro-kernel reads it.

#include "cpu_kernels_isa.h"
#include "deform_conv_tile.h"

namespace dvm {
namespace DVM_ISA {
namespace {

#if defined(__AVX512BF16__)
using Packed16 = bf16;
#else
using Packed16 = float;
#endif

template <class To>
constexpr int64_t pairs() {
  return sizeof(To) == sizeof(bf16) ? 2 : 1;
}

template <class To>
int64_t packed_depth(const DeformConvShape& s) {
  return round_up(s.depth(), pairs<To>());
}

// One panel of outputs. Rows of the sum are ordered tap by tap, channels within a tap; the loops read a run of channels
// with all their taps while it is in the cache.
template <class From, class To>
void pack_panel(const DeformConvPack& job, int64_t first_output) {
  const DeformConvShape& s = job.shape;
  const int64_t* strides = job.weight.strides;
  const From* weight = static_cast<const From*>(job.weight.data) + first_output * strides[0];
  const int64_t depth = packed_depth<To>(s), columns = least(panel, s.outputs - first_output);
  To* to = static_cast<To*>(job.packed) + first_output * depth;
  std::memset(to, 0, size_t(depth) * panel * sizeof(To));
  constexpr int64_t run = 16;
  for (int64_t begin = 0; begin < s.channels; begin += run) {
    for (int64_t tap = 0; tap < s.taps(); ++tap) {
      const From* from = weight + tap / s.tap_cols * strides[2] + tap % s.tap_cols * strides[3];
      for (int64_t c = begin; c < least(begin + run, s.channels); ++c) {
        const int64_t k = tap * s.channels + c;
        To* row = to + k / pairs<To>() * pairs<To>() * panel + k % pairs<To>();
        for (int64_t o = 0; o < columns; ++o) {
          put(row + o * pairs<To>(), to_float(from[o * strides[0] + c * strides[1]]));
        }
      }
    }
  }
}

template <class From, class To>
void pack(const DeformConvPack& job) {
#pragma omp parallel for num_threads(job.threads) schedule(static)
  for (int64_t o = 0; o < job.shape.outputs; o += panel) pack_panel<From, To>(job, o);
}

}  // namespace

size_t deform_conv_packed_bytes(const DeformConvShape& s, Type type) {
  const int64_t outputs = round_up(s.outputs, panel);
  return type == Type::f32 ? outputs * packed_depth<float>(s) * sizeof(float)
                           : outputs * packed_depth<Packed16>(s) * sizeof(Packed16);
}

void deform_conv_pack(const DeformConvPack& job) {
  job.weight.type == Type::f32 ? pack<float, float>(job) : pack<bf16, Packed16>(job);
}

}  // namespace DVM_ISA
}  // namespace dvm
