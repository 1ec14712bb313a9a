// Deformable convolution forward on the CPU: sample a tile's columns into the cache, multiply, move on.

#include "cpu_kernels_isa.h"
#include "deform_conv_tile.h"
#include "threads.h"

namespace dvm {
namespace DVM_ISA {
namespace {

template <class T>
struct StepFor {
  using Step = FloatStep;
};
#if defined(__AVX512BF16__)
template <>
struct StepFor<bf16> {
  using Step = Bf16Step;
};
#endif

// One cell, the first of its plan: a weighted sum of four pixels' channels.
template <class V, class From, class To>
inline void gather_cell(Plan plan, const From* x, Steps steps, To* to, int64_t channels) {
  const int64_t pitch = plan.pitch;
  const float* weight = plan.weight;
  if (*plan.index < 0) {
    std::memset(to, 0, channels * sizeof(To));
    return;
  }
  x += *plan.index;
  const From *right = x + steps.right, *below = x + steps.down, *last = below + steps.right;
  const V w0 = V::all(weight[0]), w1 = V::all(weight[pitch]), w2 = V::all(weight[2 * pitch]),
          w3 = V::all(weight[3 * pitch]);
  int64_t c = 0;
  for (; c + V::width <= channels; c += V::width) {
    const V upper = V::fma(w1, V::load(right + c), w0 * V::load(x + c));
    V::fma(w3, V::load(last + c), V::fma(w2, V::load(below + c), upper)).store(to + c);
  }
  if (const int n = int(channels - c)) {
    const V upper = V::fma(w1, V::load(right + c, n), w0 * V::load(x + c, n));
    V::fma(w3, V::load(last + c, n), V::fma(w2, V::load(below + c, n), upper)).store(to + c, n);
  }
}

template <class From, class To>
class Forward {
  using Step = typename StepFor<From>::Step;
  static constexpr int64_t line =
      64 / sizeof(To);  // rows of columns start on cache lines, and not all on the same sets

 public:
  explicit Forward(const DeformConvForward& job)
      : job_(job),
        s_(job.shape),
        steps_(Steps::of(s_)),
        tiling_(s_, s_.depth() <= 1024 ? 8 : 17, s_.depth() <= 1024 ? 14 : 20),
        cells_(s_, s_.groups, tiling_.max_pixels()),
        column_pitch_(round_up(cells_.widest(), line) + line),
        sum_pitch_(round_up(s_.outputs, panel) + 16),
        tap_memory_(1, Lanes::bytes(s_)),
        lanes_(Lanes::make(s_, tap_memory_.of(0))) {}

  void run() {
    const Scratch scratch(job_.threads, carve(nullptr).bytes);
#pragma omp parallel num_threads(job_.threads)
    {
      const MatrixUnit unit;
      const Work work = carve(scratch.of(omp_get_thread_num()));
#pragma omp for schedule(dynamic, 1)
      for (int64_t i = 0; i < tiling_.count(); ++i) tile(tiling_[i], work);
    }
  }

 private:
  struct Work {
    char* plans;
    To* columns;
    float* sums;
    int64_t bytes;
  };

  // With one chunk a pixel's plan is used up at once, and lives beside the next one's; with several, all pixels' are
  // kept.
  bool one_chunk() const { return cells_.per_chunk == cells_.count; }

  Work carve(char* memory) const {
    Carver carver(memory);
    const int64_t pixels = round_up(tiling_.max_pixels(), row_block);
    Work work;
    work.plans = carver.take<char>(Plan::bytes(lanes_.pitch) * (one_chunk() ? 2 : pixels));
    work.columns = carver.take<To>(pixels * column_pitch_ + 16);
    work.sums = carver.take<float>(pixels * sum_pitch_);
    work.bytes = carver.used();
    return work;
  }

  void tile(const Tile& tile, const Work& work) const {
    if (tile.pixels() == 0) return;
    const From* image = static_cast<const From*>(job_.x) + tile.n * s_.height * s_.width * s_.channels;
    const int64_t depth = round_up(s_.depth(), Step::per_step);
    for (int64_t cell = 0; cell < cells_.count; cell += cells_.per_chunk) {
      if (cell == 0) plan(tile, 0, work);
      for (int64_t p = 0; p < tile.pixels(); ++p) {
        const int64_t next = p + 1 < tile.pixels() ? p + 1 : p;
        if (cell == 0 && next > p) plan(tile, next, work);
        gather(plan_of(work, p), plan_of(work, next), image, cell, work.columns + p * column_pitch_);
      }
      const int64_t width = round_up(cells_.chunk(cell) * cells_.channels, Step::per_step);
      tile_gemm_padded<Step>(tile.pixels(), width, Left<To>{work.columns, column_pitch_},
                             Panels<To>{static_cast<const To*>(job_.packed), depth, cell * cells_.channels, s_.outputs},
                             Result::rows(work.sums, sum_pitch_, cell > 0));
    }
    write(tile, work.sums);
  }

  void plan(const Tile& tile, int64_t p, const Work& work) const {
    plan_of(work, p).fill(pixel(tile, p), lanes_, job_.sampling, s_);
  }

  Plan plan_of(const Work& work, int64_t p) const {
    return Plan::in(work.plans + (one_chunk() ? p % 2 : p) * Plan::bytes(lanes_.pitch), lanes_.pitch);
  }

  Pixel pixel(const Tile& tile, int64_t p) const {
    return Pixel::at(s_, job_.sampling, tile.n, tile.row + p / tile.cols, tile.col + p % tile.cols);
  }

  void gather(const Plan& plan, const Plan& next, const From* image, int64_t cell, To* to) const {
    // The networks' own sizes, so that their loops unroll and their addresses are constants.
    constexpr int64_t usual_lanes = 72, pitch = (usual_lanes + Vec::width - 1) / Vec::width * Vec::width;
    const bool usual = plan.pitch == pitch;
    if (usual && cells_.channels == 8) return gather_cells<Half, 8, pitch>(plan, next, image, cell, to);
    if (usual && cells_.channels == 32) return gather_cells<Vec, 32, pitch>(plan, next, image, cell, to);
    if (cells_.channels <= Half::width) return gather_cells<Half, 0, 0>(plan, next, image, cell, to);
    gather_cells<Vec, 0, 0>(plan, next, image, cell, to);
  }

  template <class V, int fixed_channels, int fixed_pitch>
  void gather_cells(const Plan& plan, const Plan& next, const From* image, int64_t cell, To* to) const {
    const int64_t channels = fixed_channels ? fixed_channels : cells_.channels, taps = s_.taps(), groups = s_.groups;
    const int64_t pitch = fixed_pitch ? fixed_pitch : plan.pitch;
    const Steps steps = steps_;
    int64_t tap = cell / groups, group = cell % groups;
    for (int64_t left = cells_.chunk(cell); left > 0; group = 0, ++tap) {
      const int64_t end = least(groups, group + left);
      left -= end - group;
      const From* x = image + group * channels;
      for (int64_t lane = group * taps + tap; group < end; ++group, to += channels, x += channels, lane += taps) {
        prefetch_cell(x + next.index[lane], steps, channels);
        gather_cell<V>({plan.index + lane, plan.weight + lane, pitch}, x, steps, to, channels);
      }
    }
    // An odd sum's last pair: its partner's weight is zero, and zero times whatever lay here must be zero too.
    put(to, 0.0f);
  }

  void write(const Tile& tile, const float* sums) const {
    const From* bias = static_cast<const From*>(job_.bias);
    for (int64_t p = 0; p < tile.pixels(); ++p) {
      const int64_t row = tile.row + p / tile.cols, col = tile.col + p % tile.cols;
      From* out = static_cast<From*>(job_.out) + ((tile.n * s_.rows + row) * s_.cols + col) * s_.outputs;
      for (int64_t o = 0; o < s_.outputs; o += Vec::width) {
        const int n = int(least(Vec::width, s_.outputs - o));
        const Vec sum = Vec::load(sums + p * sum_pitch_ + o);
        (bias ? sum + Vec::load(bias + o, n) : sum).store(out + o, n);
      }
    }
  }

  const DeformConvForward& job_;
  const DeformConvShape& s_;
  Steps steps_;
  Tiling tiling_;
  Cells cells_;
  int64_t column_pitch_, sum_pitch_;
  Scratch tap_memory_;
  Lanes lanes_;
};

}  // namespace

void deform_conv_forward(const DeformConvForward& job) {
  if (job.type == Type::f32) {
    Forward<float, float>(job).run();
  } else {
    Forward<bf16, typename StepFor<bf16>::Step::Element>(job).run();
  }
}

}  // namespace DVM_ISA
}  // namespace dvm
