#include "nabla/optim/methods.h"

#include <algorithm>

namespace nabla::optim {

const std::vector<const EntryInfo*>& method_infos() {
  static const std::vector<const EntryInfo*> all = [] {
    std::vector<const EntryInfo*> infos(rule_table().infos().begin(), rule_table().infos().end());
    const auto minimizers = minimizer_table().infos();
    infos.insert(infos.end(), minimizers.begin(), minimizers.end());
    return infos;
  }();
  return all;
}

std::shared_ptr<Method> make_method(std::string_view text, std::optional<double> learning_rate) {
  const Term term = parse_term(rule_table().noun(), text);
  const std::size_t index = entry_index(method_infos(), rule_table().noun(), term);
  if (index < rule_table().infos().size()) return make_optimizer(text, learning_rate);
  check_one_rate(term, learning_rate);
  return minimizer_table().find(term).make(term, learning_rate);
}

}  // namespace nabla::optim
