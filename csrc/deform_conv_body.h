// The bodies of the CUDA kernels of deformable convolution (stage A), which also run emulated. See block.h.
#pragma once

#include "block.h"
#include "gpu_kernels.h"

#if !defined(__CUDACC__)
#include <cmath>
#endif

namespace dvm {

// One sampled position, as shared memory holds it.
struct Sample {
  int32_t index[4];  // elements from the image's first; -1 in the first for a position outside
  float weight[4];   // bilinear weights, zero for a missing corner
  float mask;
  float down, right;  // the way into the cell
  int32_t corners;    // bit k: corner k exists
};

DVM_DEVICE Sample sample_at(float y, float x, float mask, const DeformConvShape& s) {
  Sample sample{{-1, 0, 0, 0}, {0, 0, 0, 0}, mask, 0, 0, 0};
  // NaN and infinity fail this test too.
  if (!(y > -1.0f && y < float(s.height) && x > -1.0f && x < float(s.width))) return sample;
  const float top = floorf(y), left = floorf(x);
  sample.down = y - top;
  sample.right = x - left;
  for (int k = 0; k < 4; ++k) {
    const int row = int(top) + k / 2, col = int(left) + k % 2;
    const bool exists = row >= 0 && row < s.height && col >= 0 && col < s.width;
    // A missing corner borrows its neighbour's pixel: its weight is zero.
    const int64_t near_row = row < 0 ? 0 : row < s.height ? row : s.height - 1;
    const int64_t near_col = col < 0 ? 0 : col < s.width ? col : s.width - 1;
    sample.index[k] = int32_t((near_row * s.width + near_col) * s.channels);
    const float vertical = k / 2 ? sample.down : 1.0f - sample.down;
    const float horizontal = k % 2 ? sample.right : 1.0f - sample.right;
    sample.weight[k] = exists ? vertical * horizontal : 0.0f;
    sample.corners |= int32_t(exists) << k;
  }
  return sample;
}

DVM_DEVICE Sample read_sample(const DeformConvShape& s, const DeformConvSampling& from, int64_t pixel, int lane) {
  const int tap = int(lane % s.taps());
  const int64_t col = pixel % s.cols, row = pixel / s.cols % s.rows;
  const float* offset = from.offset + pixel * from.offset_pitch + 2 * lane;
  const float y = float(row * s.stride[0] - s.padding[0] + tap / s.tap_cols * s.dilation[0]) + offset[0];
  const float x = float(col * s.stride[1] - s.padding[1] + tap % s.tap_cols * s.dilation[1]) + offset[1];
  const float mask = from.mask[pixel * from.mask_pitch + lane];
  return sample_at(y, x, from.logit ? 1.0f / (1.0f + expf(-mask)) : mask, s);
}

// Pixels [first, first + count) of a block.
struct Span {
  int64_t first;
  int count;
};

DVM_DEVICE Span span_of(int64_t block, int pixels_each, int64_t first, int64_t pixels) {
  const int64_t begin = block * pixels_each;
  return {first + begin, int(pixels - begin < pixels_each ? pixels - begin : pixels_each)};
}

// Fills a block's samples: [pixel][lane].
template <class Block>
DVM_DEVICE void read_samples(Block& block, const DeformConvColumns& job, Span span, Sample* samples) {
  const int threads = block.threads(), lanes = int(job.shape.lanes());
  block.each([=](int thread) {
    for (int i = thread; i < span.count * lanes; i += threads) {
      samples[i] = read_sample(job.shape, job.sampling, span.first + i / lanes, i % lanes);
    }
  });
  block.sync();
}

// Columns of a few pixels: each thread moves packets of `width` channels.
template <class T, int width>
struct ColumnsBody {
  DeformConvColumns job;
  int pixels_each;

  template <class Block>
  DVM_DEVICE void operator()(Block& block) const {
    const DeformConvColumns work = job;
    const Span span = span_of(block.index(), pixels_each, work.first, work.pixels);
    Sample* samples = reinterpret_cast<Sample*>(block.shared());
    read_samples(block, work, span, samples);
    const int threads = block.threads(), packets = int(work.shape.depth() / width);
    block.each([=](int thread) {
      for (int i = thread; i < span.count * packets; i += threads) {
        gather(work, span, samples, i / packets, i % packets * width);
      }
    });
    block.sync();
  }

  DVM_DEVICE static void gather(const DeformConvColumns& job, Span span, const Sample* samples, int pixel,
                                int element) {
    const DeformConvShape& s = job.shape;
    const int tap = int(element / s.channels), channel = int(element % s.channels);
    const int group = int(channel / (s.channels / s.groups));
    const Sample& sample = samples[pixel * s.lanes() + group * s.taps() + tap];
    float sum[width] = {};
    if (sample.index[0] >= 0) {
      const int64_t image = (span.first + pixel) / (s.rows * s.cols) * s.height * s.width * s.channels;
      const T* x = static_cast<const T*>(job.x) + image + channel;
      for (int k = 0; k < 4; ++k) {
        const auto corner = *reinterpret_cast<const Packet<T, width>*>(x + sample.index[k]);
        const float weight = sample.weight[k] * sample.mask;
        for (int c = 0; c < width; ++c) sum[c] += weight * to_float(corner.lane[c]);
      }
    }
    Packet<T, width> out;
    for (int c = 0; c < width; ++c) put(&out.lane[c], sum[c]);
    T* columns = static_cast<T*>(job.columns) + (span.first + pixel - job.first) * s.depth() + element;
    *reinterpret_cast<Packet<T, width>*>(columns) = out;
  }
};

// Gradients of a few pixels. A team of threads shares one sampled position; each leaves its part of the four dot
// products (a corner's features times the column's gradient) in shared memory, where one thread adds them up in order.
template <class T, int width>
struct ScatterBody {
  DeformConvScatter job;
  int pixels_each, team;

  template <class Block>
  DVM_DEVICE void operator()(Block& block) const {
    const DeformConvScatter work = job;
    const Span span = span_of(block.index(), pixels_each, work.forward.first, work.forward.pixels);
    const int threads = block.threads(), members = team, items = span.count * int(work.forward.shape.lanes());
    Sample* samples = reinterpret_cast<Sample*>(block.shared());
    float* dots = reinterpret_cast<float*>(samples + pixels_each * work.forward.shape.lanes());
    read_samples(block, work.forward, span, samples);
    block.each([=](int thread) {
      for (int i = thread; i < items * members; i += threads) {
        scatter(work, span, samples[i / members], i / members, i % members, members, dots + 4 * i);
      }
    });
    block.sync();
    block.each([=](int thread) {
      for (int i = thread; i < items; i += threads) {
        finish(work, span, samples[i], i, dots + 4 * i * members, members);
      }
    });
    block.sync();
  }

  DVM_DEVICE static void scatter(const DeformConvScatter& job, Span span, const Sample& sample, int item, int member,
                                 int members, float* dots) {
    const DeformConvShape& s = job.forward.shape;
    const int lane = int(item % s.lanes()), pixel = int(item / s.lanes());
    const int channels = int(s.channels / s.groups), first = int(lane / s.taps() * channels);
    const int64_t image = (span.first + pixel) / (s.rows * s.cols) * s.height * s.width * s.channels + first;
    T* columns = static_cast<T*>(job.forward.columns) + (span.first + pixel - job.forward.first) * s.depth() +
                 lane % s.taps() * s.channels + first;
    float sums[4] = {};
    for (int c = member * width; c < channels; c += members * width) {
      packet(job, sample, image + c, columns + c, sums);
    }
    for (int k = 0; k < 4; ++k) dots[k] = sums[k];
  }

  // `width` channels of one position: reads their gradient, leaves the column itself in its place.
  DVM_DEVICE static void packet(const DeformConvScatter& job, const Sample& sample, int64_t at, T* columns,
                                float* dots) {
    auto* place = reinterpret_cast<Packet<T, width>*>(columns);
    const Packet<T, width> grad = *place;
    float column[width] = {};
    if (sample.index[0] >= 0) {
      for (int k = 0; k < 4; ++k) {
        const int64_t from = at + sample.index[k];
        const auto corner = *reinterpret_cast<const Packet<T, width>*>(static_cast<const T*>(job.forward.x) + from);
        const float weight = sample.weight[k] * sample.mask;
        for (int c = 0; c < width; ++c) {
          const float feature = to_float(corner.lane[c]), slope = to_float(grad.lane[c]);
          column[c] += weight * feature;
          dots[k] += slope * feature;
          if (sample.corners >> k & 1) add_atomic(job.grad_x + from + c, weight * slope);
        }
      }
    }
    Packet<T, width> out;
    for (int c = 0; c < width; ++c) put(&out.lane[c], column[c]);
    *place = out;
  }

  DVM_DEVICE static void finish(const DeformConvScatter& job, Span span, const Sample& sample, int item,
                                const float* dots, int members) {
    const DeformConvSampling& from = job.forward.sampling;
    const int64_t lanes = job.forward.shape.lanes(), pixel = span.first + item / lanes, lane = item % lanes;
    float by_mask = 0, by_y = 0, by_x = 0;
    for (int k = 0; k < 4; ++k) {
      if (!(sample.corners >> k & 1)) continue;
      float dot = 0;
      for (int member = 0; member < members; ++member) dot += dots[4 * member + k];
      const float vertical = k / 2 ? sample.down : 1.0f - sample.down;
      const float horizontal = k % 2 ? sample.right : 1.0f - sample.right;
      by_mask += sample.weight[k] * dot;
      by_y += (k / 2 ? horizontal : -horizontal) * dot;
      by_x += (k % 2 ? vertical : -vertical) * dot;
    }
    const float mask = sample.mask;
    job.grad_offset[pixel * from.offset_pitch + 2 * lane] = by_y * mask;
    job.grad_offset[pixel * from.offset_pitch + 2 * lane + 1] = by_x * mask;
    job.grad_mask[pixel * from.mask_pitch + lane] = from.logit ? by_mask * mask * (1.0f - mask) : by_mask;
  }
};

// How many pixels a block takes, so that its shared memory leaves room for several blocks on a processor.
inline int pixels_for(int64_t bytes_each) {
  constexpr int64_t room = 40 * 1024;
  const int64_t fit = room / bytes_each;
  return int(fit < 1 ? 1 : fit > 16 ? 16 : fit);
}

template <class T, int width, class Launcher>
void launch_columns(const DeformConvColumns& job, const Launcher& launcher) {
  const int64_t bytes = job.shape.lanes() * int64_t(sizeof(Sample));
  const ColumnsBody<T, width> body{job, pixels_for(bytes)};
  launcher(body, Launch{(job.pixels + body.pixels_each - 1) / body.pixels_each, 256, body.pixels_each * bytes});
}

template <class T, int width, class Launcher>
void launch_scatter(const DeformConvScatter& job, const Launcher& launcher) {
  const DeformConvShape& s = job.forward.shape;
  int team = 1;
  while (team < 8 && team * width < s.channels / s.groups) team *= 2;
  const int64_t bytes = s.lanes() * int64_t(sizeof(Sample) + team * 4 * sizeof(float));
  const ScatterBody<T, width> body{job, pixels_for(bytes), team};
  const int64_t blocks = (job.forward.pixels + body.pixels_each - 1) / body.pixels_each;
  launcher(body, Launch{blocks, 256, body.pixels_each * bytes});
}

// Whole packets where a group's channels allow them, single channels otherwise.
template <class T, class Launcher>
void deform_conv_columns(const DeformConvColumns& job, const Launcher& launcher) {
  if (job.shape.channels / job.shape.groups % packet_lanes<T>() == 0) {
    launch_columns<T, packet_lanes<T>()>(job, launcher);
  } else {
    launch_columns<T, 1>(job, launcher);
  }
}

template <class T, class Launcher>
void deform_conv_scatter(const DeformConvScatter& job, const Launcher& launcher) {
  if (job.forward.shape.channels / job.forward.shape.groups % packet_lanes<T>() == 0) {
    launch_scatter<T, packet_lanes<T>()>(job, launcher);
  } else {
    launch_scatter<T, 1>(job, launcher);
  }
}

}  // namespace dvm
