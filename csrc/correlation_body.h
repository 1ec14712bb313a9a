// The bodies of the CUDA kernels of local correlation, which also run emulated. See block.h.
#pragma once

#include "block.h"
#include "gpu_kernels.h"

namespace dvm {

// A row segment of the result. Channels pass through shared memory in chunks, once for the first map and once a
// vertical shift for the second; sums wait there too.
template <class T>
struct CorrelationBody {
  static constexpr int pixels_each = 16, chunk = 64;
  static constexpr int pitch = chunk + 4;  // neighbouring shifts fall on different banks

  CorrelationForward job;

  struct Segment {
    int64_t n, row, col;
    int pixels, strip;  // output pixels, and pixels of the second map beside them
  };

  static int64_t segments(const CorrelationShape& s) { return (s.cols() + pixels_each - 1) / pixels_each; }
  static int strip_for(const CorrelationShape& s, int pixels) {
    return int((pixels - 1) * s.stride + 2 * s.radius * s.dilation + 1);
  }
  static Launch launch(const CorrelationShape& s) {
    const int64_t floats = pixels_each * s.side() * s.side() + (pixels_each + strip_for(s, pixels_each)) * pitch;
    return {s.batch * s.rows() * segments(s), 256, floats * int64_t(sizeof(float))};
  }

  template <class Block>
  DVM_DEVICE void operator()(Block& block) const {
    const CorrelationForward work = job;
    const CorrelationShape& s = work.shape;
    const Segment at = segment(s, block.index());
    const int threads = block.threads(), sums_count = at.pixels * int(s.side() * s.side());
    float* first = reinterpret_cast<float*>(block.shared());
    float* second = first + pixels_each * pitch;
    float* sums = second + ((pixels_each - 1) * s.stride + 2 * s.radius * s.dilation + 1) * pitch;
    block.each([=](int thread) {
      for (int i = thread; i < sums_count; i += threads) sums[i] = 0.0f;
    });
    for (int64_t begin = 0; begin < s.channels; begin += chunk) {
      block.each([=](int thread) { load_first(work, at, begin, first, thread, threads); });
      for (int dy = 0; dy < s.side(); ++dy) {
        block.each([=](int thread) { load_second(work, at, begin, dy, second, thread, threads); });
        block.sync();
        block.each([=](int thread) { multiply(work.shape, at, dy, first, second, sums, thread, threads); });
        block.sync();
      }
    }
    block.each([=](int thread) { write(work, at, sums, thread, threads); });
    block.sync();
  }

  DVM_DEVICE static Segment segment(const CorrelationShape& s, int64_t block) {
    const int64_t across = (s.cols() + pixels_each - 1) / pixels_each;
    const int64_t col = block % across * pixels_each, row = block / across % s.rows();
    const int pixels = int(s.cols() - col < pixels_each ? s.cols() - col : pixels_each);
    const int strip = int((pixels - 1) * s.stride + 2 * s.radius * s.dilation + 1);
    return {block / across / s.rows(), row, col, pixels, strip};
  }

  DVM_DEVICE static float feature(const CorrelationShape& s, const void* map, int64_t n, int64_t y, int64_t x,
                                  int64_t c) {
    if (y < 0 || y >= s.height || x < 0 || x >= s.width || c >= s.channels) return 0.0f;
    return to_float(static_cast<const T*>(map)[((n * s.height + y) * s.width + x) * s.channels + c]);
  }

  DVM_DEVICE static void load_first(const CorrelationForward& job, Segment at, int64_t begin, float* to, int thread,
                                    int threads) {
    const CorrelationShape& s = job.shape;
    for (int i = thread; i < at.pixels * chunk; i += threads) {
      const int64_t x = (at.col + i / chunk) * s.stride;
      to[i / chunk * pitch + i % chunk] = feature(s, job.first, at.n, at.row * s.stride, x, begin + i % chunk);
    }
  }

  DVM_DEVICE static void load_second(const CorrelationForward& job, Segment at, int64_t begin, int dy, float* to,
                                     int thread, int threads) {
    const CorrelationShape& s = job.shape;
    const int64_t y = at.row * s.stride + (dy - s.radius) * s.dilation;
    const int64_t left = at.col * s.stride - s.radius * s.dilation;
    for (int i = thread; i < at.strip * chunk; i += threads) {
      to[i / chunk * pitch + i % chunk] = feature(s, job.second, at.n, y, left + i / chunk, begin + i % chunk);
    }
  }

  DVM_DEVICE static void multiply(const CorrelationShape& s, Segment at, int dy, const float* first,
                                  const float* second, float* sums, int thread, int threads) {
    const int side = int(s.side());
    for (int i = thread; i < at.pixels * side; i += threads) {
      const int pixel = i / side, dx = i % side;
      const float* a = first + pixel * pitch;
      const float* b = second + (pixel * s.stride + dx * s.dilation) * pitch;
      float sum = 0.0f;
      for (int c = 0; c < chunk; c += 4) {
        const auto left = *reinterpret_cast<const Packet<float, 4>*>(a + c);
        const auto right = *reinterpret_cast<const Packet<float, 4>*>(b + c);
        for (int k = 0; k < 4; ++k) sum += left.lane[k] * right.lane[k];
      }
      sums[(pixel * side + dy) * side + dx] += sum;
    }
  }

  DVM_DEVICE static void write(const CorrelationForward& job, Segment at, const float* sums, int thread, int threads) {
    const CorrelationShape& s = job.shape;
    const int shifts = int(s.side() * s.side());
    T* out = static_cast<T*>(job.out) + ((at.n * s.rows() + at.row) * s.cols() + at.col) * shifts;
    for (int i = thread; i < at.pixels * shifts; i += threads) put(out + i, sums[i] / float(s.channels));
  }
};

// Gradients, gathered: each thread owns `width` channels of one pixel of both maps, so that nothing is added
// atomically.
template <class T, int width>
struct CorrelationGradientBody {
  CorrelationBackward job;

  static Launch launch(const CorrelationShape& s) {
    const int64_t items = s.batch * s.height * s.width * (s.channels / width);
    return {(items + 255) / 256, 256, 0};
  }

  template <class Block>
  DVM_DEVICE void operator()(Block& block) const {
    const CorrelationBackward work = job;
    const int64_t begin = block.index() * block.threads();
    block.each([=](int thread) {
      const CorrelationShape& s = work.shape;
      const int64_t item = begin + thread, packets = s.channels / width;
      if (item < s.batch * s.height * s.width * packets) pixel(work, item / packets, item % packets * width);
    });
    block.sync();
  }

  DVM_DEVICE static void pixel(const CorrelationBackward& job, int64_t at, int64_t channel) {
    const CorrelationShape& s = job.shape;
    const int64_t x = at % s.width, y = at / s.width % s.height, n = at / s.width / s.height;
    const T* first = static_cast<const T*>(job.first) + n * s.height * s.width * s.channels + channel;
    const T* second = static_cast<const T*>(job.second) + n * s.height * s.width * s.channels + channel;
    float by_first[width] = {}, by_second[width] = {};
    for (int k = 0; k < s.side() * s.side(); ++k) {
      const int64_t dy = (k / s.side() - s.radius) * s.dilation, dx = (k % s.side() - s.radius) * s.dilation;
      if (looked_at(s, y, x) && inside(s, y + dy, x + dx)) {
        add(grad(job, n, y, x, k), second + ((y + dy) * s.width + x + dx) * s.channels, by_first);
      }
      if (inside(s, y - dy, x - dx) && looked_at(s, y - dy, x - dx)) {
        add(grad(job, n, y - dy, x - dx, k), first + ((y - dy) * s.width + x - dx) * s.channels, by_second);
      }
    }
    write(job.grad_first, at * s.channels + channel, by_first);
    write(job.grad_second, at * s.channels + channel, by_second);
  }

  DVM_DEVICE static bool inside(const CorrelationShape& s, int64_t y, int64_t x) {
    return y >= 0 && y < s.height && x >= 0 && x < s.width;
  }
  DVM_DEVICE static bool looked_at(const CorrelationShape& s, int64_t y, int64_t x) {
    return y % s.stride == 0 && x % s.stride == 0;
  }
  DVM_DEVICE static float grad(const CorrelationBackward& job, int64_t n, int64_t y, int64_t x, int k) {
    const CorrelationShape& s = job.shape;
    const int64_t out = (n * s.rows() + y / s.stride) * s.cols() + x / s.stride;
    return to_float(static_cast<const T*>(job.grad)[out * s.side() * s.side() + k]) / float(s.channels);
  }
  DVM_DEVICE static void add(float weight, const T* from, float* to) {
    const auto features = *reinterpret_cast<const Packet<T, width>*>(from);
    for (int c = 0; c < width; ++c) to[c] += weight * to_float(features.lane[c]);
  }
  DVM_DEVICE static void write(void* map, int64_t at, const float* from) {
    Packet<T, width> out;
    for (int c = 0; c < width; ++c) put(&out.lane[c], from[c]);
    *reinterpret_cast<Packet<T, width>*>(static_cast<T*>(map) + at) = out;
  }
};

template <class T, class Launcher>
void correlation_forward(const CorrelationForward& job, const Launcher& launcher) {
  launcher(CorrelationBody<T>{job}, CorrelationBody<T>::launch(job.shape));
}

template <class T, class Launcher>
void correlation_backward(const CorrelationBackward& job, const Launcher& launcher) {
  if (job.shape.channels % packet_lanes<T>() == 0) {
    using Body = CorrelationGradientBody<T, packet_lanes<T>()>;
    launcher(Body{job}, Body::launch(job.shape));
  } else {
    using Body = CorrelationGradientBody<T, 1>;
    launcher(Body{job}, Body::launch(job.shape));
  }
}

}  // namespace dvm
