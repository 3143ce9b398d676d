#include "nabla/graph/attributes.h"

namespace nabla {
namespace {

void print(std::ostream&, std::monostate) {}
void print(std::ostream& out, const AxisAttribute& a) {
  out << "axis=" << a.axis << (a.reverse ? ", reverse" : "");
}
void print(std::ostream& out, const AxesAttribute& a) {
  out << "axes=[" << a.first << ", " << a.first + a.count << ')';
}
void print(std::ostream& out, const PermutationAttribute& a) { out << "axes=" << a.axes; }
void print(std::ostream& out, const ShapeAttribute& a) { out << "shape=" << a.shape; }
void print(std::ostream& out, const SliceAttribute& a) {
  out << "start=" << a.start << ", step=" << a.step << ", shape=" << a.shape;
}
void print(std::ostream& out, const PadAttribute& a) {
  out << "before=" << a.before << ", after=" << a.after << ", between=" << a.between;
}
void print(std::ostream& out, const TypeAttribute& a) { out << a.dtype; }
void print(std::ostream& out, const SpecAttribute& a) { out << a.dtype << a.shape; }
void print(std::ostream& out, const AxisSizeAttribute& a) {
  out << "axis=" << a.axis << ", size=" << a.size;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Attributes& attributes) {
  std::visit([&](const auto& value) { print(out, value); }, attributes);
  return out;
}

}  // namespace nabla
