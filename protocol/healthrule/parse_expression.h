// Internal to protocol/healthrule: the expressions of a rule.
#pragma once

#include "protocol/healthrule/reader.h"
#include "protocol/healthrule/rule.h"

namespace dunlin::healthrule {

// `inside`: of an element of a list (some, every). Problems go where the reader's go.
Expression ParseExpression(const object::Value& value, const std::string& path, bool inside,
                           int depth, Problems& problems);

// `pointer` or `root`, and `default`.
Reference ParseReference(Reader& reader);

}  // namespace dunlin::healthrule
