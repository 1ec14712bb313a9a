// Local correlation forward on the CPU: blocks of pixels x shifts held in registers, channels streamed past them.

#include "cpu_kernels_isa.h"
#include "scratch.h"
#include "threads.h"
#include "vec.h"

namespace dvm {
namespace DVM_ISA {
namespace {

constexpr int block_pixels = 3;
#if defined(__AVX512F__)
constexpr int block_shifts = 9;  // 27 accumulators, 3 pixels: 30 of 32 registers
#else
constexpr int block_shifts = 3;  // 9 accumulators, 3 pixels: 12 of 16 registers
#endif

template <class T>
class Forward {
 public:
  explicit Forward(const CorrelationForward& job)
      : job_(job),
        s_(job.shape),
        border_(s_.radius * s_.dilation),
        padded_cols_(s_.width + 2 * border_),
        band_(least(s_.rows(), 8)),
        band_source_((band_ - 1) * s_.stride + 2 * border_ + 1) {}

  void run() {
    const int64_t bands = (s_.rows() + band_ - 1) / band_;
    const Scratch scratch(job_.threads, band_source_ * padded_cols_ * s_.channels * int64_t(sizeof(float)));
#pragma omp parallel for num_threads(job_.threads) schedule(dynamic, 1)
    for (int64_t i = 0; i < s_.batch * bands; ++i) {
      float* padded = reinterpret_cast<float*>(scratch.of(omp_get_thread_num()));
      band(i / bands, i % bands * band_, padded);
    }
  }

 private:
  // A band of output rows; `padded` receives the rows of the second map that it looks at, with borders of zeros.
  void band(int64_t n, int64_t begin, float* padded) const {
    const int64_t rows = least(band_, s_.rows() - begin), pitch = padded_cols_ * s_.channels;
    const int64_t sources = (rows - 1) * s_.stride + 2 * border_ + 1;
    for (int64_t i = 0; i < sources; ++i) copy_row(n, begin * s_.stride - border_ + i, padded + i * pitch);
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t dy = 0; dy < s_.side(); ++dy) {
        row(n, begin + i, dy, padded + (i * s_.stride + dy * s_.dilation) * pitch);
      }
    }
  }

  void copy_row(int64_t n, int64_t y, float* to) const {
    const int64_t side = border_ * s_.channels, inner = s_.width * s_.channels;
    std::memset(to, 0, size_t(padded_cols_ * s_.channels) * sizeof(float));
    if (y < 0 || y >= s_.height) return;
    const T* from = static_cast<const T*>(job_.second) + (n * s_.height + y) * inner;
    int64_t i = 0;
    for (; i + Vec::width <= inner; i += Vec::width) Vec::load(from + i).store(to + side + i);
    for (; i < inner; ++i) to[side + i] = to_float(from[i]);
  }

  // One output row at one vertical shift.
  void row(int64_t n, int64_t i, int64_t dy, const float* second) const {
    const int64_t step = s_.stride * s_.channels;
    const T* first = static_cast<const T*>(job_.first) + (n * s_.height + i * s_.stride) * s_.width * s_.channels;
    T* out = static_cast<T*>(job_.out) + ((n * s_.rows() + i) * s_.cols() * s_.side() + dy) * s_.side();
    const int64_t out_step = s_.side() * s_.side();
    int64_t j = 0;
    for (; j + block_pixels <= s_.cols(); j += block_pixels) {
      shifts<block_pixels>(first + j * step, second + j * step, out + j * out_step);
    }
    for (; j < s_.cols(); ++j) shifts<1>(first + j * step, second + j * step, out + j * out_step);
  }

  template <int pixels>
  void shifts(const T* first, const float* second, T* out) const {
    const int64_t step = s_.dilation * s_.channels;
    int64_t dx = 0;
    for (; dx + block_shifts <= s_.side(); dx += block_shifts) {
      block<pixels, block_shifts>(first, second + dx * step, out + dx);
    }
    for (; dx < s_.side(); ++dx) block<pixels, 1>(first, second + dx * step, out + dx);
  }

  template <int pixels, int shifts>
  void block(const T* first, const float* second, T* out) const {
    constexpr int count = pixels * shifts, rounded = (count + 3) / 4 * 4;
    const int64_t step = s_.stride * s_.channels, shift = s_.dilation * s_.channels;
    Vec sum[rounded];
#pragma GCC unroll 32
    for (int i = 0; i < rounded; ++i) sum[i] = Vec::all(0.0f);
    int64_t c = 0;
    for (; c + Vec::width <= s_.channels; c += Vec::width) {
#pragma GCC unroll 4
      for (int p = 0; p < pixels; ++p) {
        const Vec feature = Vec::load(first + p * step + c);
#pragma GCC unroll 16
        for (int d = 0; d < shifts; ++d) {
          Vec& to = sum[p * shifts + d];
          to = Vec::fma(feature, Vec::load(second + p * step + d * shift + c), to);
        }
      }
    }
    if (const int n = int(s_.channels - c)) {
      for (int k = 0; k < count; ++k) {
        const int64_t at = k / shifts * step + c;
        sum[k] = Vec::fma(Vec::load(first + at, n), Vec::load(second + at + k % shifts * shift, n), sum[k]);
      }
    }
    float sums[rounded];
#pragma GCC unroll 8
    for (int k = 0; k < rounded; k += 4) Vec::sums(sum[k], sum[k + 1], sum[k + 2], sum[k + 3], sums + k);
    const float mean = 1.0f / float(s_.channels);
    for (int k = 0; k < count; ++k) put(out + k / shifts * s_.side() * s_.side() + k % shifts, sums[k] * mean);
  }

  const CorrelationForward& job_;
  const CorrelationShape& s_;
  int64_t border_, padded_cols_, band_, band_source_;
};

}  // namespace

void correlation_forward(const CorrelationForward& job) {
  if (job.type == Type::f32) {
    Forward<float>(job).run();
  } else {
    Forward<bf16>(job).run();
  }
}

}  // namespace DVM_ISA
}  // namespace dvm
