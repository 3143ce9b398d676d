#include "nabla/graph/attributes.h"

#include "nabla/base/text.h"

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

void print(std::ostream& out, const OwnAttribute& a) { a.print(out); }

}  // namespace

std::ostream& operator<<(std::ostream& out, const Attributes& attributes) {
  TextStream text;
  std::visit([&](const auto& value) { print(text, value); }, attributes);
  return out << text.str();
}

}  // namespace nabla
