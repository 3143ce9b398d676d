#include "nabla/nn/sequential.h"

#include <algorithm>
#include <map>
#include <set>
#include <typeinfo>

#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/nn/layer_calls.h"
#include "nabla/ops/elementwise.h"
#include "nabla/ops/shaping.h"

namespace nabla::nn {
namespace {

// One derived from it may compute something else.
bool is_sequential(const Layer& layer) { return typeid(layer) == typeid(Sequential); }

// Its text up to the brackets, as a name: "dense".
std::string kind_of(const Layer& layer) {
  std::string kind = layer.text();
  kind.resize(std::min(kind.size(), kind.find_first_of("([: ")));
  for (char& c : kind) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain) c = '_';
  }
  return kind.empty() ? "layer" : kind;
}

std::vector<const void*> ids_of(const Layer& layer) {
  std::vector<const void*> ids;
  for (const NamedState& state : layer.states()) ids.push_back(state.state.id());
  return ids;
}

std::string name_of_branch(std::size_t i) { return str("branch_", i + 1); }

void require_same(const Tensor& first, const Tensor& other, const std::string& text) {
  if (first.shape() == other.shape()) return;
  throw ShapeError(str(quote(text), ": adds results of shapes ", first.shape(), " and ",
                       other.shape(), ": expected the same"));
}

}  // namespace

Sequential::Sequential(const std::vector<AnyLayer>& layers) {
  for (std::size_t i = 0; i < layers.size(); ++i) {
    check_present(layers[i].layer, str("sequential: layer ", i + 1), "a layer, such as nn::Dense");
    if (layers[i].name.empty() && is_sequential(*layers[i])) {
      const auto& inner = static_cast<const Sequential&>(*layers[i]).layers_;
      layers_.insert(layers_.end(), inner.begin(), inner.end());
    } else {
      layers_.push_back(layers[i]);
    }
  }
  std::set<std::string> taken;
  for (const AnyLayer& layer : layers_) taken.insert(layer.name);
  std::map<std::string, int> counts;
  std::map<std::vector<const void*>, std::size_t> known;  // by the states that they hold
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    AnyLayer& layer = layers_[i];
    if (const auto ids = ids_of(*layer); !ids.empty()) {
      const auto [first, is_new] = known.emplace(ids, i);
      if (!is_new && layers_[first->second]->text() == layer->text()) {
        const std::string& name = names_[first->second];
        if (!layer.name.empty() && layer.name != name) {
          throw ValueError(str("sequential: ", quote(name), " and ", quote(layer.name),
                               " are the same layer: expected one name for both"));
        }
        layer = layers_[first->second];  // the same once more
        names_.push_back(names_[first->second]);
        continue;
      }
    }
    std::string name = layer.name;
    const std::string kind = kind_of(*layer);
    while (layer.name.empty() && taken.contains(name)) name = str(kind, "_", ++counts[kind]);
    names_.push_back(std::move(name));
  }
  static_cast<void>(states());  // throws where names are not good
}

std::string Sequential::text() const {
  const LayerNesting nesting;
  std::map<std::string_view, int> uses;
  for (const std::string& name : names_) ++uses[name];
  std::set<std::string_view> written;
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (!written.insert(names_[i]).second) {
      texts.push_back(names_[i]);
      continue;
    }
    const std::string text =
        is_sequential(*layers_[i]) ? str("[", layers_[i]->text(), "]") : layers_[i]->text();
    const bool has_name = !layers_[i].name.empty() || uses[names_[i]] > 1;
    texts.push_back(has_name ? str(names_[i], ":", text) : text);
  }
  return join(texts, " ");
}

Tensor Sequential::forward(const Tensor& x) const {
  Tensor y = x;
  for (std::size_t i = 0; i < layers_.size(); ++i) y = run_part(*layers_[i], names_[i], y);
  return y;
}

Parts Sequential::parts() const {
  Parts all;
  for (std::size_t i = 0; i < layers_.size(); ++i) all.emplace_back(names_[i], *layers_[i]);
  return all;
}

std::string Residual::text() const {
  return str("residual[", body_.text(), "]", projection_ ? str("[", projection_->text(), "]") : "");
}

Tensor Residual::forward(const Tensor& x) const {
  const Tensor y = run_part(body_, "body", x);
  const Tensor skipped = projection_ ? run_part(*projection_, "projection", x) : x;
  require_same(y, skipped, text());
  return y + skipped;
}

Parts Residual::parts() const {
  Parts all = {{"body", body_}};
  if (projection_) all.emplace_back("projection", *projection_);
  return all;
}

Branches::Branches(std::string_view kind, const std::vector<AnyLayer>& branches) : kind_(kind) {
  if (branches.empty()) throw ValueError(str(kind, ": no branches: expected at least one"));
  for (const AnyLayer& branch : branches) branches_.push_back(Sequential{branch});
  static_cast<void>(states());
}

std::string Branches::text() const {
  std::string text = kind_;
  for (const Sequential& branch : branches_) text += str("[", branch.text(), "]");
  return text;
}

std::vector<Tensor> Branches::results(const Tensor& x) const {
  std::vector<Tensor> all;
  for (std::size_t i = 0; i < branches_.size(); ++i) {
    all.push_back(run_part(branches_[i], name_of_branch(i), x));
  }
  return all;
}

Parts Branches::parts() const {
  Parts all;
  for (std::size_t i = 0; i < branches_.size(); ++i)
    all.emplace_back(name_of_branch(i), branches_[i]);
  return all;
}

Tensor Concatenate::forward(const Tensor& x) const { return concatenate(results(x), 1); }

Tensor Add::forward(const Tensor& x) const {
  const std::vector<Tensor> all = results(x);
  Tensor sum = all[0];
  for (std::size_t i = 1; i < all.size(); ++i) {
    require_same(sum, all[i], text());
    sum = sum + all[i];
  }
  return sum;
}

}  // namespace nabla::nn
