// The body of the fused CUDA kernel of deformable convolution (stage B), which also runs emulated. See block.h.
//
// A block owns a square of output pixels and all outputs. Along the sum it goes in steps, one tap of 64 channels each:
// its threads sample the step's columns into shared memory, lay the step's weights beside them, and multiply both on
// the tensor cores. Columns never reach the device's memory. All shared memory is double, so that one barrier a step
// is enough: while some warps still multiply, others sample the next step already.
#pragma once

#include <stdexcept>

#include "deform_conv_body.h"
#include "mma.h"

namespace dvm {

// A sampled position, ready to gather: -1 in the first index for one outside.
struct Corners {
  int32_t index[4];
  float weight[4];  // bilinear weight times mask
};

struct FusedStep {
  static constexpr int channels = 64;

  int tap, channel, group, groups;  // the first channel, its deformable group, and how many groups the step touches

  static constexpr int groups_for(const DeformConvShape& s) {
    const int64_t each = s.channels / s.groups;
    return each >= channels ? 1 : int(channels / each);
  }
  // Taps run fastest: neighbouring taps sample the same pixels' channels, which the first-level cache then holds.
  DVM_DEVICE static FusedStep at(const DeformConvShape& s, int step) {
    const int taps = int(s.taps()), channel = step / taps * channels;
    const int64_t each = s.channels / s.groups;
    return {step % taps, channel, int(channel / each), each >= channels ? 1 : int(channels / each)};
  }
};

template <class T, int outputs>
struct FusedBody {
  static constexpr int side = 8, pixels = side * side;
  static constexpr int pitch = FusedStep::channels + 8;  // fragments' rows then start on different banks
  static constexpr int warps_across = outputs > 128 ? 4 : 2, warps_down = 8 / warps_across;
  static constexpr int tiles_down = pixels / warps_down / mma::rows, tiles_across = outputs / warps_across / mma::cols;
  static constexpr int lanes = packet_lanes<T>(), packets = FusedStep::channels / lanes;

  DeformConvFused job;

  struct Sums {
    float value[tiles_down][tiles_across][4];
  };
  // A block's square: image, first row and column.
  struct Square {
    int64_t n, row, col;
  };
  struct Shared {
    T* columns;
    T* weights;
    Corners* corners;
  };

  static int64_t shared_bytes(const DeformConvShape& s) {
    const int64_t elements = (pixels + outputs) * pitch;
    return 2 * (elements * int64_t(sizeof(T)) + pixels * FusedStep::groups_for(s) * int64_t(sizeof(Corners)));
  }
  static Launch launch(const DeformConvShape& s) {
    const int64_t squares = (s.rows + side - 1) / side * ((s.cols + side - 1) / side);
    return {s.batch * squares, 256, shared_bytes(s)};
  }

  template <class Block>
  DVM_DEVICE void operator()(Block& block) const {
    const DeformConvFused work = job;
    const Square square = square_of(work.shape, block.index());
    const int steps = int(work.shape.channels / FusedStep::channels * work.shape.taps());
    char* memory = block.shared();
    typename Block::template Local<Sums> local(block);
    auto* const sums = &local;
    block.each([=](int thread) {
      clear(sums->of(thread));
      sample(work, square, 0, buffer(work.shape, memory, 0).corners, thread);
    });
    block.sync();
    for (int step = 0; step < steps; ++step) {
      block.each([=](int thread) {
        const Shared now = buffer(work.shape, memory, step);
        gather(work, square, step, now, thread);
        load_weights(work, step, now.weights, thread);
        if (step + 1 < steps) sample(work, square, step + 1, buffer(work.shape, memory, step + 1).corners, thread);
      });
      block.sync();
      block.each([=](int thread) { multiply(buffer(work.shape, memory, step), sums->of(thread), thread); });
    }
    block.each([=](int thread) { write(work, square, sums->of(thread), thread); });
    block.sync();
  }

  DVM_DEVICE static Square square_of(const DeformConvShape& s, int64_t block) {
    const int64_t down = (s.rows + side - 1) / side, across = (s.cols + side - 1) / side;
    return {block / across / down, block / across % down * side, block % across * side};
  }

  DVM_DEVICE static Shared buffer(const DeformConvShape& s, char* memory, int step) {
    const int64_t each = s.channels / s.groups;
    const int groups = each >= FusedStep::channels ? 1 : int(FusedStep::channels / each), half = step % 2;
    T* columns = reinterpret_cast<T*>(memory);
    T* weights = columns + 2 * pixels * pitch;
    Corners* corners = reinterpret_cast<Corners*>(weights + 2 * outputs * pitch);
    return {columns + half * pixels * pitch, weights + half * outputs * pitch, corners + half * pixels * groups};
  }

  DVM_DEVICE static void clear(Sums& sums) {
    DVM_UNROLL
    for (int i = 0; i < tiles_down; ++i) {
      DVM_UNROLL
      for (int j = 0; j < tiles_across; ++j) {
        DVM_UNROLL
        for (int k = 0; k < 4; ++k) sums.value[i][j][k] = 0.0f;
      }
    }
  }

  // The index of a square's pixel over batch, rows and columns; -1 past the map's end.
  DVM_DEVICE static int64_t index_of(const DeformConvShape& s, Square square, int pixel) {
    const int64_t row = square.row + pixel / side, col = square.col + pixel % side;
    return row < s.rows && col < s.cols ? (square.n * s.rows + row) * s.cols + col : -1;
  }

  DVM_DEVICE static void sample(const DeformConvFused& job, Square square, int step, Corners* to, int thread) {
    const FusedStep at = FusedStep::at(job.shape, step);
    for (int i = thread; i < pixels * at.groups; i += 256) {
      const int64_t index = index_of(job.shape, square, i / at.groups);
      const int lane = (at.group + i % at.groups) * int(job.shape.taps()) + at.tap;
      Corners corners{{-1, 0, 0, 0}, {0, 0, 0, 0}};
      if (index >= 0) {
        const Sample sample = read_sample(job.shape, job.sampling, index, lane);
        for (int k = 0; k < 4; ++k) {
          corners.index[k] = sample.index[k];
          corners.weight[k] = sample.weight[k] * sample.mask;
        }
      }
      to[i] = corners;
    }
  }

  DVM_DEVICE static void gather(const DeformConvFused& job, Square square, int step, Shared shared, int thread) {
    const DeformConvShape& s = job.shape;
    const FusedStep at = FusedStep::at(s, step);
    const T* x = static_cast<const T*>(job.x) + square.n * s.height * s.width * s.channels + at.channel;
    for (int i = thread; i < pixels * packets; i += 256) {
      const int pixel = i / packets, channel = i % packets * lanes;
      const Corners corners = shared.corners[pixel * at.groups + channel * at.groups / FusedStep::channels];
      float sum[lanes] = {};
      if (corners.index[0] >= 0) {
        DVM_UNROLL
        for (int k = 0; k < 4; ++k) {
          const auto features = *reinterpret_cast<const Packet<T, lanes>*>(x + channel + corners.index[k]);
          DVM_UNROLL
          for (int c = 0; c < lanes; ++c) sum[c] += corners.weight[k] * to_float(features.lane[c]);
        }
      }
      Packet<T, lanes> out;
      DVM_UNROLL
      for (int c = 0; c < lanes; ++c) put(&out.lane[c], sum[c]);
      *reinterpret_cast<Packet<T, lanes>*>(shared.columns + pixel * pitch + channel) = out;
    }
  }

  // Packed weights lie step by step, output by output, channel by channel, `outputs` of them.
  DVM_DEVICE static void load_weights(const DeformConvFused& job, int step, T* to, int thread) {
    const T* from = static_cast<const T*>(job.packed) + int64_t(step) * outputs * FusedStep::channels;
    for (int i = thread; i < outputs * packets; i += 256) {
      *reinterpret_cast<Packet<T, lanes>*>(to + i / packets * pitch + i % packets * lanes) =
          reinterpret_cast<const Packet<T, lanes>*>(from)[i];
    }
  }

  DVM_DEVICE static void multiply(Shared shared, Sums& sums, int thread) {
    const int warp = thread / 32, lane = thread % 32;
    const T* a = shared.columns + warp / warps_across * tiles_down * mma::rows * pitch;
    const T* b = shared.weights + warp % warps_across * tiles_across * mma::cols * pitch;
    DVM_UNROLL
    for (int k = 0; k < FusedStep::channels; k += mma::depth) {
      mma::A<T> left[tiles_down];
      DVM_UNROLL
      for (int i = 0; i < tiles_down; ++i) left[i] = mma::A<T>::load(a + i * mma::rows * pitch + k, pitch, lane);
      DVM_UNROLL
      for (int j = 0; j < tiles_across; ++j) {
        const auto right = mma::B<T>::load(b + j * mma::cols * pitch + k, pitch, lane);
        DVM_UNROLL
        for (int i = 0; i < tiles_down; ++i) mma::multiply(sums.value[i][j], left[i], right, lane);
      }
    }
  }

  DVM_DEVICE static void write(const DeformConvFused& job, Square square, const Sums& sums, int thread) {
    const DeformConvShape& s = job.shape;
    const int warp = thread / 32, lane = thread % 32;
    const T* bias = static_cast<const T*>(job.bias);
    DVM_UNROLL
    for (int i = 0; i < tiles_down; ++i) {
      DVM_UNROLL
      for (int j = 0; j < tiles_across; ++j) {
        DVM_UNROLL
        for (int k = 0; k < 4; ++k) {
          const mma::Place at = mma::in_c(lane, k);
          const int64_t pixel = index_of(s, square, (warp / warps_across * tiles_down + i) * mma::rows + at.row);
          const int output = (warp % warps_across * tiles_across + j) * mma::cols + at.col;
          if (pixel < 0 || output >= s.outputs) continue;
          const float sum = sums.value[i][j][k] + (bias ? to_float(bias[output]) : 0.0f);
          put(static_cast<T*>(job.out) + pixel * s.outputs + output, sum);
        }
      }
    }
  }
};

// Outputs that the fused kernel computes at once, of which a layer may use fewer; 0 for a layer that it does not take:
// features that are not halves, many outputs (columns would be sampled again for each share of them), channels that do
// not come in whole steps of whole groups, or more shared memory than every device of its kind has.
inline int fused_outputs(const DeformConvShape& s, Type type) {
  constexpr int64_t most_shared = 99 * 1024, most_channels = 256;
  if (type == Type::f32 || s.channels > most_channels || s.channels % FusedStep::channels != 0) return 0;
  const int64_t each = s.channels / s.groups;
  if (each % 8 != 0 || (FusedStep::channels % each != 0 && each % FusedStep::channels != 0)) return 0;
  const int outputs = s.outputs <= 64 ? 64 : s.outputs <= 128 ? 128 : 256;
  const int64_t elements = (64 + outputs) * (FusedStep::channels + 8);
  const int64_t shared = 2 * (elements * 2 + 64 * FusedStep::groups_for(s) * int64_t(sizeof(Corners)));
  return s.outputs > 256 || shared > most_shared ? 0 : outputs;
}

template <class T, class Launcher>
void deform_conv_fused(const DeformConvFused& job, const Launcher& launcher) {
  switch (fused_outputs(job.shape, job.type)) {
    case 64:
      return launcher(FusedBody<T, 64>{job}, FusedBody<T, 64>::launch(job.shape));
    case 128:
      return launcher(FusedBody<T, 128>{job}, FusedBody<T, 128>::launch(job.shape));
    case 256:
      return launcher(FusedBody<T, 256>{job}, FusedBody<T, 256>::launch(job.shape));
    default:
      throw std::invalid_argument("a layer that the fused kernel does not take");
  }
}

}  // namespace dvm
