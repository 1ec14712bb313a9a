// Gradients of local correlation on the CPU. Both are gathered, so that each pixel is written once, by one thread, in
// a fixed order: a weighted sum of the other map's pixels.

#include "cpu_kernels_isa.h"
#include "scratch.h"
#include "threads.h"
#include "vec.h"

namespace dvm {
namespace DVM_ISA {
namespace {

template <class T>
class Backward {
 public:
  explicit Backward(const CorrelationBackward& job) : job_(job), s_(job.shape) {}

  void run() {
    const int64_t shifts = s_.side() * s_.side();
    const Scratch scratch(job_.threads, shifts * int64_t(sizeof(Term)));
#pragma omp parallel for num_threads(job_.threads) schedule(static)
    for (int64_t row = 0; row < s_.batch * s_.height; ++row) {
      Term* terms = reinterpret_cast<Term*>(scratch.of(omp_get_thread_num()));
      for (int64_t x = 0; x < s_.width; ++x) {
        const int64_t n = row / s_.height, y = row % s_.height;
        add(terms, by_first(n, y, x, terms), static_cast<T*>(job_.grad_first), pixel(n, y, x));
        add(terms, by_second(n, y, x, terms), static_cast<T*>(job_.grad_second), pixel(n, y, x));
      }
    }
  }

 private:
  struct Term {
    const T* features;
    float weight;
  };

  int64_t pixel(int64_t n, int64_t y, int64_t x) const { return ((n * s_.height + y) * s_.width + x) * s_.channels; }
  int64_t shift(int64_t k) const { return (k - s_.radius) * s_.dilation; }

  // Whether a coordinate of the first map is one that is looked at.
  bool looked_at(int64_t at, int64_t size) const { return at >= 0 && at < size && at % s_.stride == 0; }

  float grad(int64_t n, int64_t y, int64_t x, int64_t dy, int64_t dx) const {
    const int64_t out = (n * s_.rows() + y / s_.stride) * s_.cols() + x / s_.stride;
    return to_float(static_cast<const T*>(job_.grad)[(out * s_.side() + dy) * s_.side() + dx]) / float(s_.channels);
  }

  int64_t by_first(int64_t n, int64_t y, int64_t x, Term* terms) const {
    int64_t count = 0;
    if (!looked_at(y, s_.height) || !looked_at(x, s_.width)) return count;
    for (int64_t dy = 0; dy < s_.side(); ++dy) {
      const int64_t from_y = y + shift(dy);
      if (from_y < 0 || from_y >= s_.height) continue;
      for (int64_t dx = 0; dx < s_.side(); ++dx) {
        const int64_t from_x = x + shift(dx);
        if (from_x < 0 || from_x >= s_.width) continue;
        terms[count++] = {static_cast<const T*>(job_.second) + pixel(n, from_y, from_x), grad(n, y, x, dy, dx)};
      }
    }
    return count;
  }

  int64_t by_second(int64_t n, int64_t y, int64_t x, Term* terms) const {
    int64_t count = 0;
    for (int64_t dy = 0; dy < s_.side(); ++dy) {
      const int64_t from_y = y - shift(dy);
      if (!looked_at(from_y, s_.height)) continue;
      for (int64_t dx = 0; dx < s_.side(); ++dx) {
        const int64_t from_x = x - shift(dx);
        if (!looked_at(from_x, s_.width)) continue;
        terms[count++] = {static_cast<const T*>(job_.first) + pixel(n, from_y, from_x),
                          grad(n, from_y, from_x, dy, dx)};
      }
    }
    return count;
  }

  void add(const Term* terms, int64_t count, T* to, int64_t at) const {
    constexpr int vectors = 4;
    int64_t c = 0;
    for (; c + vectors * Vec::width <= s_.channels; c += vectors * Vec::width) {
      Vec sum[vectors];
      for (Vec& one : sum) one = Vec::all(0.0f);
      for (int64_t t = 0; t < count; ++t) {
        const Vec weight = Vec::all(terms[t].weight);
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) {
          sum[v] = Vec::fma(weight, Vec::load(terms[t].features + c + v * Vec::width), sum[v]);
        }
      }
      for (int v = 0; v < vectors; ++v) sum[v].store(to + at + c + v * Vec::width);
    }
    for (; c < s_.channels; c += Vec::width) {
      const int n = int(least(Vec::width, s_.channels - c));
      Vec sum = Vec::all(0.0f);
      for (int64_t t = 0; t < count; ++t) {
        sum = Vec::fma(Vec::all(terms[t].weight), Vec::load(terms[t].features + c, n), sum);
      }
      sum.store(to + at + c, n);
    }
  }

  const CorrelationBackward& job_;
  const CorrelationShape& s_;
};

}  // namespace

void correlation_backward(const CorrelationBackward& job) {
  if (job.type == Type::f32) {
    Backward<float>(job).run();
  } else {
    Backward<bf16>(job).run();
  }
}

}  // namespace DVM_ISA
}  // namespace dvm
