// The Python face of the kernels, and the only file that knows pybind11. Addresses cross as integers.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <array>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "cpu_kernels.h"
#include "fingerprint.h"
#include "gpu_kernels.h"
#include "huge_pages.h"
#include "mma.h"

namespace py = pybind11;

namespace {

using Address = std::uintptr_t;

template <class T>
T* at(Address address) {
  return reinterpret_cast<T*>(address);
}

const dvm::CpuKernels& find(const std::string& name) {
  const dvm::CpuKernelList list = dvm::cpu_kernels();
  for (int i = 0; i < list.count; ++i) {
    if (name == list.kernels[i]->name) return *list.kernels[i];
  }
  throw std::invalid_argument("no CPU kernels named " + name);
}

dvm::Type type_of(const std::string& name) {
  if (name == "float32") return dvm::Type::f32;
  if (name == "bfloat16") return dvm::Type::bf16;
  if (name == "float16") return dvm::Type::f16;
  throw std::invalid_argument("no kernels for " + name);
}

using Pair = std::array<int64_t, 2>;
using Four = std::array<int64_t, 4>;

// x (N, C, H, W), out (N, O, Ho, Wo).
dvm::DeformConvShape deform_conv_shape(const Four& x, const Four& out, const Pair& taps, const Pair& stride,
                                       const Pair& padding, const Pair& dilation, int64_t groups) {
  return {x[0],
          x[1],
          x[2],
          x[3],
          out[1],
          out[2],
          out[3],
          taps[0],
          taps[1],
          {stride[0], stride[1]},
          {padding[0], padding[1]},
          {dilation[0], dilation[1]},
          groups};
}

dvm::DeformConvSampling deform_conv_sampling(Address offset, Address mask, const Pair& pitches, bool logit) {
  return {at<const float>(offset), at<const float>(mask), pitches[0], pitches[1], logit};
}

std::vector<std::string> kernels(const std::string& device) {
  std::vector<std::string> names;
  if (device == "cpu") {
    const dvm::CpuKernelList list = dvm::cpu_kernels();
    for (int i = 0; i < list.count; ++i) names.push_back(list.kernels[i]->name);
  } else if (const int architecture = dvm::cuda_architecture()) {
    const std::string name = "cuda-sm" + std::to_string(architecture);
    names.push_back(name);
    if (architecture >= 80) names.push_back(name + "-fused");
  }
  return names;
}

size_t packed_bytes(const std::string& kernel, const dvm::DeformConvShape& shape, const std::string& type) {
  return find(kernel).deform_conv_packed_bytes(shape, type_of(type));
}

void pack(const std::string& kernel, const dvm::DeformConvShape& shape, const std::string& type, Address weight,
          const Four& strides, Address packed, int threads) {
  const dvm::DeformConvWeight from{
      type_of(type), at<const void>(weight), {strides[0], strides[1], strides[2], strides[3]}};
  find(kernel).deform_conv_pack({shape, from, at<void>(packed), threads});
}

void forward(const std::string& kernel, const dvm::DeformConvShape& shape, const dvm::DeformConvSampling& sampling,
             const std::string& type, const std::array<Address, 4>& maps, int threads) {
  const auto [x, packed, bias, out] = maps;
  find(kernel).deform_conv_forward({shape, sampling, type_of(type), at<const void>(x), at<const void>(packed),
                                    at<const void>(bias), at<void>(out), threads});
}

void backward(const std::string& kernel, const dvm::DeformConvShape& shape, const dvm::DeformConvSampling& sampling,
              const std::string& type, const Four& strides, const std::array<Address, 7>& maps, int threads) {
  const auto [grad, x, weight, grad_x, grad_offset, grad_mask, grad_weight] = maps;
  const dvm::DeformConvWeight from{
      type_of(type), at<const void>(weight), {strides[0], strides[1], strides[2], strides[3]}};
  find(kernel).deform_conv_backward({shape, sampling, from, from.type, at<const void>(grad), at<const void>(x),
                                     at<float>(grad_x), at<float>(grad_offset), at<float>(grad_mask),
                                     at<float>(grad_weight), threads});
}

// first (N, C, H, W).
dvm::CorrelationShape correlation_shape(const Four& first, int64_t radius, int64_t stride, int64_t dilation) {
  return {first[0], first[1], first[2], first[3], radius, stride, dilation};
}

void correlation_forward(const std::string& kernel, const dvm::CorrelationShape& shape, const std::string& type,
                         const std::array<Address, 3>& maps, int threads) {
  const auto [first, second, out] = maps;
  find(kernel).correlation_forward(
      {shape, type_of(type), at<const void>(first), at<const void>(second), at<void>(out), threads});
}

void correlation_backward(const std::string& kernel, const dvm::CorrelationShape& shape, const std::string& type,
                          const std::array<Address, 5>& maps, int threads) {
  const auto [grad, first, second, grad_first, grad_second] = maps;
  find(kernel).correlation_backward({shape, type_of(type), at<const void>(grad), at<const void>(first),
                                     at<const void>(second), at<void>(grad_first), at<void>(grad_second), threads});
}

// A device and its stream; the emulator takes neither.
struct Queue {
  const dvm::GpuKernels* kernels;
  int device;
  void* stream;

  const dvm::GpuKernels& select() const {
    kernels->select(device);
    return *kernels;
  }
};

Queue make_queue(const std::string& kernel, int device, Address stream) {
  if (kernel.rfind("cuda-emulated", 0) == 0) return {&dvm::emulated_kernels, device, at<void>(stream)};
#if defined(DVM_WITH_CUDA)
  return {&dvm::cuda_kernels, device, at<void>(stream)};
#else
  throw std::invalid_argument("this extension was built without CUDA");
#endif
}

dvm::DeformConvColumns columns_job(const dvm::DeformConvShape& shape, const dvm::DeformConvSampling& sampling,
                                   const std::string& type, const std::array<Address, 2>& maps, const Pair& span) {
  return {shape, sampling, type_of(type), at<const void>(maps[0]), at<void>(maps[1]), span[0], span[1]};
}

void scatter_columns(const Queue& queue, const dvm::DeformConvColumns& columns, const std::array<Address, 3>& grads) {
  queue.select().deform_conv_scatter({columns, at<float>(grads[0]), at<float>(grads[1]), at<float>(grads[2])},
                                     queue.stream);
}

void fused(const Queue& queue, const dvm::DeformConvShape& shape, const dvm::DeformConvSampling& sampling,
           const std::string& type, const std::array<Address, 4>& maps) {
  const auto [x, packed, bias, out] = maps;
  queue.select().deform_conv_fused(
      {shape, sampling, type_of(type), at<const void>(x), at<const void>(packed), at<const void>(bias), at<void>(out)},
      queue.stream);
}

int fused_outputs(const dvm::DeformConvShape& shape, const std::string& type) {
  return dvm::deform_conv_fused_outputs(shape, type_of(type));
}

// Row and column of element `i` of a lane's part of a matrix, for tests.
std::pair<int, int> fragment(const std::string& matrix, int lane, int i) {
  const dvm::mma::Place at = matrix == "a"   ? dvm::mma::in_a(lane, i)
                             : matrix == "b" ? dvm::mma::in_b(lane, i)
                                             : dvm::mma::in_c(lane, i);
  return {at.row, at.col};
}

void gpu_correlation_forward(const Queue& queue, const dvm::CorrelationShape& shape, const std::string& type,
                             const std::array<Address, 3>& maps) {
  const auto [first, second, out] = maps;
  queue.select().correlation_forward(
      {shape, type_of(type), at<const void>(first), at<const void>(second), at<void>(out), 0}, queue.stream);
}

void gpu_correlation_backward(const Queue& queue, const dvm::CorrelationShape& shape, const std::string& type,
                              const std::array<Address, 5>& maps) {
  const auto [grad, first, second, grad_first, grad_second] = maps;
  queue.select().correlation_backward({shape, type_of(type), at<const void>(grad), at<const void>(first),
                                       at<const void>(second), at<void>(grad_first), at<void>(grad_second), 0},
                                      queue.stream);
}

void bind_gpu(py::module_& m) {
  using Release = py::call_guard<py::gil_scoped_release>;
  py::class_<Queue>(m, "Queue").def(py::init(&make_queue));
  py::class_<dvm::DeformConvColumns>(m, "DeformConvColumns").def(py::init(&columns_job));
  m.def(
      "deform_conv_columns",
      [](const Queue& queue, const dvm::DeformConvColumns& job) {
        queue.select().deform_conv_columns(job, queue.stream);
      },
      Release());
  m.def("deform_conv_scatter", &scatter_columns, Release());
  m.def("deform_conv_fused", &fused, Release());
  m.def("deform_conv_fused_outputs", &fused_outputs);
  m.def("mma_fragment", &fragment);
  m.def("gpu_correlation_forward", &gpu_correlation_forward, Release());
  m.def("gpu_correlation_backward", &gpu_correlation_backward, Release());
}

}  // namespace

PYBIND11_MODULE(_C, m, py::mod_gil_not_used()) {
  m.doc() = "Compiled deformable convolution and correlation; `dvm_core.ops` is their public face.";
  using Release = py::call_guard<py::gil_scoped_release>;
  py::class_<dvm::DeformConvShape>(m, "DeformConvShape").def(py::init(&deform_conv_shape));
  py::class_<dvm::DeformConvSampling>(m, "DeformConvSampling").def(py::init(&deform_conv_sampling));
  py::class_<dvm::CorrelationShape>(m, "CorrelationShape").def(py::init(&correlation_shape));
  m.def("kernels", &kernels, "Kernels that this machine can run on a device, slowest first.");
  m.def(
      "fingerprint", [](Address data, size_t bytes) { return dvm::fingerprint(at<const void>(data), bytes); },
      Release());
  m.def("prefer_huge_pages", [](Address data, size_t bytes) { dvm::prefer_huge_pages(at<void>(data), bytes); });
  m.def("deform_conv_packed_bytes", &packed_bytes);
  m.def("deform_conv_pack", &pack, Release());
  m.def("deform_conv_forward", &forward, Release());
  m.def("deform_conv_backward", &backward, Release());
  m.def("correlation_forward", &correlation_forward, Release());
  m.def("correlation_backward", &correlation_backward, Release());
  bind_gpu(m);
}
