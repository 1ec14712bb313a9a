// Gradients of deformable convolution on the CPU.
//
// Each thread owns a run of deformable groups from start to end: their channels of x, their offsets and masks, their
// rows of the weight. So no two threads ever write one number, and the order of every sum is fixed: results are equal
// bit for bit from run to run.

#include "cpu_kernels_isa.h"
#include "deform_conv_tile.h"
#include "threads.h"

namespace dvm {
namespace DVM_ISA {
namespace {

// The groups of one thread.
struct Share {
  int64_t first, count;
};

template <class T>
class Backward {
 public:
  explicit Backward(const DeformConvBackward& job)
      : job_(job),
        s_(job.shape),
        steps_(Steps::of(s_)),
        threads_(int(least(job.threads, s_.groups))),
        tiling_(s_, s_.depth() <= 1024 ? 8 : 17, s_.depth() <= 1024 ? 14 : 20),
        group_channels_(s_.channels / s_.groups),
        cells_(s_, (s_.groups + threads_ - 1) / threads_, tiling_.max_pixels()),
        column_pitch_(round_up(cells_.widest(), panel) + 16),
        output_pitch_(round_up(s_.outputs, panel)),
        tap_memory_(1, Lanes::bytes(s_)),
        lanes_(Lanes::make(s_, tap_memory_.of(0))) {}

  void run() {
    const Scratch scratch(threads_, carve(nullptr).bytes);
    clear_grad_x();
#pragma omp parallel num_threads(threads_)
    {
      // The runtime may grant fewer threads than were asked for.
      for (int i = omp_get_thread_num(); i < threads_; i += omp_get_num_threads()) {
        const int64_t first = s_.groups * i / threads_, end = s_.groups * (i + 1) / threads_;
        share({first, end - first}, carve(scratch.of(i)));
      }
    }
  }

 private:
  struct Work {
    char* plans;
    float* dots;          // [slot][lane][4]: a corner's features times the column's gradient
    float* grad_rows;     // the tile's output gradient, [pixel][output]
    float* grad_panels;   // and as panels of outputs
    float* grad_columns;  // [pixel][element of the chunk]
    float* columns;
    float* weight;       // panels of the sum's elements, chunk after chunk
    float* grad_weight;  // panels of outputs: [panel][element of the sum][output in the panel]
    int64_t bytes;
  };

  void clear_grad_x() const {
    const int64_t rows = s_.batch * s_.height, row = s_.width * s_.channels;
#pragma omp parallel for num_threads(threads_) schedule(static)
    for (int64_t y = 0; y < rows; ++y) std::memset(job_.grad_x + y * row, 0, size_t(row) * sizeof(float));
  }

  int64_t most_groups() const { return (s_.groups + threads_ - 1) / threads_; }
  int64_t elements() const { return most_groups() * s_.taps() * group_channels_; }
  int64_t lane_pitch() const { return round_up(most_groups() * s_.taps(), Vec::width); }
  int64_t chunk_columns() const { return round_up(cells_.widest(), panel); }

  Work carve(char* memory) const {
    Carver carver(memory);
    const int64_t pixels = tiling_.max_pixels();
    const int64_t chunks = (cells_.count + cells_.per_chunk - 1) / cells_.per_chunk;
    Work work;
    work.plans = carver.take<char>(Plan::bytes(lane_pitch()) * slots());
    work.dots = carver.take<float>(4 * lane_pitch() * slots());
    work.grad_rows = carver.take<float>((output_pitch_ + 16) * pixels);
    work.grad_panels = carver.take<float>(output_pitch_ * pixels);
    work.grad_columns = carver.take<float>(column_pitch_ * pixels);
    work.columns = carver.take<float>(column_pitch_ * pixels + 16);
    work.weight = carver.take<float>(chunks * chunk_columns() * s_.outputs);
    work.grad_weight = carver.take<float>(elements() * output_pitch_);
    work.bytes = carver.used();
    return work;
  }

  void share(Share share, const Work& work) const {
    Cells cells = cells_;
    cells.count = share.count * s_.taps();
    pack_weight(share, cells, work.weight);
    std::memset(work.grad_weight, 0, size_t(elements()) * output_pitch_ * sizeof(float));
    Lanes lanes = lanes_;  // tap displacements repeat from group to group
    lanes.count = share.count * s_.taps();
    lanes.pitch = lane_pitch();
    for (int64_t i = 0; i < tiling_.count(); ++i) {
      if (tiling_[i].pixels() > 0) tile(tiling_[i], share, cells, lanes, work);
    }
    write_weight(share, work.grad_weight);
  }

  // Element (output, element of the chunk) of a chunk's matrix, panel by panel. The loops read a run of channels with
  // all their taps while it is in the cache.
  void pack_weight(Share share, const Cells& cells, float* to) const {
    const int64_t chunks = (cells.count + cells.per_chunk - 1) / cells.per_chunk;
    const int64_t rest = chunks * cells.per_chunk - cells.count;  // of the last chunk; and each chunk's last panel
    if (rest > 0 || cells.widest() % panel) {
      std::memset(to, 0, size_t(chunks * chunk_columns() * s_.outputs) * sizeof(float));
    }
    constexpr int64_t run = 32;
    for (int64_t group = 0; group < share.count; ++group) {
      for (int64_t begin = 0; begin < group_channels_; begin += run) {
        const int64_t end = least(begin + run, group_channels_);
        for (int64_t o = 0; o < s_.outputs; ++o) {
          for (int64_t tap = 0; tap < s_.taps(); ++tap) pack_run(share, group, tap, o, begin, end, to);
        }
      }
    }
  }

  // Channels [begin, end) of a group, for one tap and output.
  void pack_run(Share share, int64_t group, int64_t tap, int64_t o, int64_t begin, int64_t end, float* to) const {
    const int64_t* strides = job_.weight.strides;
    const T* from = static_cast<const T*>(job_.weight.data) + o * strides[0] + tap / s_.tap_cols * strides[2] +
                    tap % s_.tap_cols * strides[3] + (share.first + group) * group_channels_ * strides[1];
    const int64_t cell = tap * share.count + group;
    to += cell / cells_.per_chunk * chunk_columns() * s_.outputs + o * panel;
    const int64_t first = cell % cells_.per_chunk * group_channels_;
    for (int64_t c = begin; c < end; ++c) {
      const int64_t j = first + c;
      to[j / panel * panel * s_.outputs + j % panel] = to_float(from[c * strides[1]]);
    }
  }

  void tile(const Tile& tile, Share share, const Cells& cells, const Lanes& lanes, const Work& work) const {
    const int64_t pixels = tile.pixels();
    load_grad(tile, work);
    if (!one_chunk()) std::memset(work.dots, 0, size_t(4 * lanes.pitch * pixels) * sizeof(float));
    const float* weight = work.weight;
    for (int64_t cell = 0; cell < cells.count; cell += cells.per_chunk) {
      const int64_t width = cells.chunk(cell) * group_channels_;
      tile_gemm<FloatStep, false>(pixels, s_.outputs, Left<float>{work.grad_rows, output_pitch_ + 16},
                                  Panels<float>{weight, s_.outputs, 0, width},
                                  Result::rows(work.grad_columns, column_pitch_, false));
      const auto plan = [&](int64_t p) { plan_of(work, p).fill(pixel(tile, p, share), lanes, job_.sampling, s_); };
      if (cell == 0) plan(0);
      for (int64_t p = 0; p < pixels; ++p) {
        if (cell == 0 && p + 1 < pixels) plan(p + 1);
        scatter(tile.n, p, least(p + 1, pixels - 1), {cell, cells.chunk(cell)}, share, work);
        if (one_chunk()) write_sampling(tile, p, share, lanes, work);
      }
      tile_gemm<FloatStep, true>(width, pixels, Left<float>{work.columns, column_pitch_},
                                 Panels<float>{work.grad_panels, pixels, 0, s_.outputs},
                                 {work.grad_weight + cell * group_channels_ * panel, panel, elements() * panel, true});
      weight += chunk_columns() * s_.outputs;
    }
    if (!one_chunk()) {
      for (int64_t p = 0; p < pixels; ++p) write_sampling(tile, p, share, lanes, work);
    }
  }

  // With one chunk a pixel's plan and dots are used up at once, and live beside the next one's; with several, all
  // pixels' are kept.
  bool one_chunk() const { return cells_.per_chunk == cells_.count; }
  int64_t slots() const { return one_chunk() ? 2 : tiling_.max_pixels(); }
  int64_t slot(int64_t p) const { return one_chunk() ? p % 2 : p; }
  float* dots_of(const Work& work, int64_t p) const { return work.dots + slot(p) * 4 * lane_pitch(); }

  Plan plan_of(const Work& work, int64_t p) const {
    return Plan::in(work.plans + slot(p) * Plan::bytes(lane_pitch()), lane_pitch());
  }

  Pixel pixel(const Tile& tile, int64_t p, Share share) const {
    Pixel pixel = Pixel::at(s_, job_.sampling, tile.n, tile.row + p / tile.cols, tile.col + p % tile.cols);
    pixel.offset += 2 * share.first * s_.taps();
    pixel.mask += share.first * s_.taps();
    return pixel;
  }

  void load_grad(const Tile& tile, const Work& work) const {
    const int64_t pixels = tile.pixels();
    for (int64_t p = 0; p < pixels; ++p) {
      const int64_t row = tile.row + p / tile.cols, col = tile.col + p % tile.cols;
      const T* from = static_cast<const T*>(job_.grad) + ((tile.n * s_.rows + row) * s_.cols + col) * s_.outputs;
      for (int64_t o = 0; o < output_pitch_; o += Vec::width) {
        const int64_t n = o < s_.outputs ? least(Vec::width, s_.outputs - o) : 0;
        const Vec grad = Vec::load(from + o, int(n));
        grad.store(work.grad_rows + p * (output_pitch_ + 16) + o);
        grad.store(work.grad_panels + (o / panel * pixels + p) * panel + o % panel);
      }
    }
  }

  // Cells [begin, begin + count) of a share.
  struct Run {
    int64_t begin, count;
  };

  void scatter(int64_t n, int64_t p, int64_t next, Run run, Share share, const Work& work) const {
    switch (group_channels_) {  // the networks' own widths, so that their loops unroll
      case 8:
        return scatter_cells<Half, 8>(n, p, next, run, share, work);
      case 32:
        return scatter_cells<Vec, 32>(n, p, next, run, share, work);
      default:
        if (group_channels_ <= Half::width) return scatter_cells<Half, 0>(n, p, next, run, share, work);
        return scatter_cells<Vec, 0>(n, p, next, run, share, work);
    }
  }

  // One pixel's cells: their gradient spread to x, their columns again, and the dot products that offsets and masks
  // want.
  template <class V, int fixed_channels>
  void scatter_cells(int64_t n, int64_t p, int64_t next, Run run, Share share, const Work& work) const {
    const int64_t channels = fixed_channels ? fixed_channels : group_channels_, taps = s_.taps();
    const Plan plan = plan_of(work, p), ahead = plan_of(work, next);
    const int64_t image = n * s_.height * s_.width * s_.channels + share.first * channels;
    const float* grad = work.grad_columns + p * column_pitch_;
    Target to{static_cast<const T*>(job_.x) + image, job_.grad_x + image, work.columns + p * column_pitch_, nullptr};
    float* dots = dots_of(work, p);
    int64_t tap = run.begin / share.count, group = run.begin % share.count;
    for (int64_t i = 0; i < run.count; ++i, grad += channels, to.column += channels) {
      const int64_t lane = group * taps + tap;
      const Target here{to.x + group * channels, to.grad_x + group * channels, to.column, dots + 4 * lane};
      prefetch_cell(here.x + ahead.index[lane], steps_, channels);
      prefetch_cell(here.grad_x + ahead.index[lane], steps_, channels);
      scatter_cell<V>({plan.index + lane, plan.weight + lane, plan.pitch}, grad, here, channels);
      if (++group == share.count) {
        group = 0;
        ++tap;
      }
    }
  }

  struct Target {
    const T* x;
    float* grad_x;
    float* column;
    float* dots;
  };

  // One cell, the first of its plan, once through its four pixels. All are read before any is written, because the two
  // maps often lie so that the processor takes one's loads to depend on the other's stores. Where the map has one row
  // or column, pixels coincide, and all but the first of them weigh nothing: so the first is written last.
  template <class V>
  void scatter_cell(Plan plan, const float* grad, const Target& to, int64_t channels) const {
    if (*plan.index < 0) {
      std::memset(to.column, 0, channels * sizeof(float));
      std::memset(to.dots, 0, 4 * sizeof(float));
      return;
    }
    const int64_t first = *plan.index;
    const int64_t at[4] = {first, first + steps_.right, first + steps_.down, first + steps_.down + steps_.right};
    V weight[4], dot[4];
    for (int k = 0; k < 4; ++k) {
      weight[k] = V::all(plan.weight[k * plan.pitch]);
      dot[k] = V::all(0.0f);
    }
    int64_t c = 0;
    for (; c + V::width <= channels; c += V::width) {
      const V slope = V::load(grad + c);
      V column = V::all(0.0f), sum[4];
#pragma GCC unroll 4
      for (int k = 0; k < 4; ++k) {
        const V feature = V::load(to.x + at[k] + c);
        column = V::fma(weight[k], feature, column);
        dot[k] = V::fma(slope, feature, dot[k]);
        sum[k] = V::fma(weight[k], slope, V::load(to.grad_x + at[k] + c));
      }
#pragma GCC unroll 4
      for (int k = 3; k >= 0; --k) sum[k].store(to.grad_x + at[k] + c);
      column.store(to.column + c);
    }
    if (const int n = int(channels - c)) {
      const V slope = V::load(grad + c, n);
      V column = V::all(0.0f), sum[4];
      for (int k = 0; k < 4; ++k) {
        const V feature = V::load(to.x + at[k] + c, n);
        column = V::fma(weight[k], feature, column);
        dot[k] = V::fma(slope, feature, dot[k]);
        sum[k] = V::fma(weight[k], slope, V::load(to.grad_x + at[k] + c, n));
      }
      for (int k = 3; k >= 0; --k) sum[k].store(to.grad_x + at[k] + c, n);
      column.store(to.column + c, n);
    }
    V::sums(dot[0], dot[1], dot[2], dot[3], to.dots);
  }

  void write_sampling(const Tile& tile, int64_t p, Share share, const Lanes& lanes, const Work& work) const {
    const Pixel at = pixel(tile, p, share);
    const int64_t index = (tile.n * s_.rows + tile.row + p / tile.cols) * s_.cols + tile.col + p % tile.cols;
    const int64_t first = share.first * s_.taps();
    float* grad_offset = job_.grad_offset + index * job_.sampling.offset_pitch + 2 * first;
    float* grad_mask = job_.grad_mask + index * job_.sampling.mask_pitch + first;
    for (int64_t lane = 0; lane < lanes.count; lane += Vec::width) {
      const int n = int(least(Vec::width, lanes.count - lane));
      const Place place = Place::read(at, lanes, lane, n, s_);
      const Vec mask = read_mask(at, job_.sampling, lane, n);
      Vec dots[4];
      transpose_dots(dots_of(work, p) + 4 * lane, dots);
      write_lanes(place, mask, dots, grad_offset + 2 * lane, grad_mask + lane, n);
    }
  }

  // [lane][4] to four vectors of lanes.
  static void transpose_dots(const float* from, Vec* dots) {
    constexpr int w = Vec::width;
    Vec even[2], odd[2];
    for (int half = 0; half < 2; ++half) {
      const float* four = from + 2 * w * half;
      Vec::split(Vec::load(four), Vec::load(four + w), even[half], odd[half]);
    }
    Vec::split(even[0], even[1], dots[0], dots[2]);
    Vec::split(odd[0], odd[1], dots[1], dots[3]);
  }

  void write_lanes(const Place& place, Vec mask, const Vec* dots, float* grad_offset, float* grad_mask, int n) const {
    const Axis &y = place.y, &x = place.x;
    const Vec rows[2] = {y.weight(y.first), y.weight(y.second)}, cols[2] = {x.weight(x.first), x.weight(x.second)};
    const Vec row_slopes[2] = {y.slope(y.first), y.slope(y.second)};
    const Vec col_slopes[2] = {x.slope(x.first), x.slope(x.second)};
    const Vec by_mask = inner(rows, cols, dots);
    const Vec by_y = inner(row_slopes, cols, dots) * mask, by_x = inner(rows, col_slopes, dots) * mask;
    Vec low, high;
    Vec::join(by_y, by_x, low, high);
    constexpr int w = Vec::width;
    low.store(grad_offset, int(least(w, 2 * n)));
    high.store(grad_offset + w, 2 * n > w ? 2 * n - w : 0);
    (job_.sampling.logit ? by_mask * mask * (Vec::all(1.0f) - mask) : by_mask).store(grad_mask, n);
  }

  static Vec inner(const Vec* rows, const Vec* cols, const Vec* dots) {
    const Vec upper = Vec::fma(cols[1], dots[1], cols[0] * dots[0]);
    const Vec lower = Vec::fma(cols[1], dots[3], cols[0] * dots[2]);
    return Vec::fma(rows[1], lower, rows[0] * upper);
  }

  // [panel][tap][channel][output in the panel] of this share to (output, channel, tap).
  void write_weight(Share share, const float* from) const {
    const int64_t channels = share.count * group_channels_, taps = s_.taps();
    float* to = job_.grad_weight + share.first * group_channels_ * taps;
    constexpr int64_t run = 16;
    for (int64_t begin = 0; begin < channels; begin += run) {
      const int64_t end = least(begin + run, channels);
      for (int64_t o = 0; o < s_.outputs; ++o) {
        const float* column = from + o / panel * elements() * panel + o % panel;
        float* row = to + o * s_.channels * taps;
        for (int64_t tap = 0; tap < taps; ++tap) {
          for (int64_t c = begin; c < end; ++c) row[c * taps + tap] = column[(tap * channels + c) * panel];
        }
      }
    }
  }

  const DeformConvBackward& job_;
  const DeformConvShape& s_;
  Steps steps_;
  int threads_;
  Tiling tiling_;
  int64_t group_channels_;
  Cells cells_;
  int64_t column_pitch_, output_pitch_;
  Scratch tap_memory_;
  Lanes lanes_;
};

}  // namespace

void deform_conv_backward(const DeformConvBackward& job) {
  if (job.type == Type::f32) {
    Backward<float>(job).run();
  } else {
    Backward<bf16>(job).run();
  }
}

}  // namespace DVM_ISA
}  // namespace dvm
