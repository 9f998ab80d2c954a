#include "protocol/trust/documents.h"

#include "protocol/base/limits.h"
#include "protocol/trust/document_fields.h"

namespace dunlin::trust {

namespace {

Result<object::Object> AppToJson(const StatementApp& app) {
  TRY_VOID(CheckNumber(app.objects, 0, "objects"));
  TRY_VOID(CheckNumber(app.raw, 0, "raw"));
  TRY_VOID(CheckText(app.revision.str(), "revision"));
  return object::Object{{"allowMassPrune", app.allow_mass_prune},
                        {"bundle", app.bundle.Hex()},
                        {"objects", app.objects},
                        {"prune", app.prune},
                        {"raw", app.raw},
                        {"revision", app.revision.str()}};
}

Result<StatementApp> AppFromJson(const object::Value& json) {
  const object::Object* members = json.if_object();
  if (members == nullptr) return MakeError(Errc::kCorrupt, "an app that is not an object");
  StatementApp app;
  TRY(app.allow_mass_prune, NeedBool(*members, "allowMassPrune"));
  TRY(app.bundle, NeedDigest(*members, "bundle"));
  TRY(app.objects, NeedInt(*members, "objects"));
  TRY(app.prune, NeedBool(*members, "prune"));
  TRY(app.raw, NeedInt(*members, "raw"));
  TRY(std::string revision, NeedText(*members, "revision"));
  app.revision = RevisionId(std::move(revision));
  return app;
}

Result<object::Array> RemovedToJson(const Statement& statement) {
  object::Array names;
  for (const AppName& name : statement.removed) {
    TRY_VOID(CheckName(name.str(), "removed"));
    if (statement.apps.contains(name)) {
      return MakeError(Errc::kInvalidArgument, "removed: app " + name.str() + " is in apps, too");
    }
    names.emplace_back(name.str());
  }
  return names;
}

}  // namespace

Result<Bytes> Statement::Serialize() const {
  TRY_VOID(CheckName(channel, "channel"));
  TRY_VOID(CheckName(cluster.str(), "cluster"));
  TRY_VOID(CheckNumber(epoch, 1, "epoch"));
  TRY_VOID(CheckText(kube, "kube"));
  TRY_VOID(CheckNumber(seq, 1, "seq"));
  object::Object listed;
  for (const auto& [name, app] : apps) {
    TRY_VOID(CheckName(name.str(), "apps"));
    TRY(object::Object entry, AppToJson(app).WithContext("app " + name.str()));
    listed[name.str()] = std::move(entry);
  }
  object::Object document{{"_type", "statement"},
                          {"apps", std::move(listed)},
                          {"channel", channel},
                          {"cluster", cluster.str()},
                          {"epoch", epoch},
                          {"kube", kube},
                          {"prev", prev.Hex()},
                          {"seq", seq},
                          {"version", kDocumentVersion}};
  if (keep) document["keep"] = true;
  if (!removed.empty()) {
    TRY(object::Array names, RemovedToJson(*this));
    document["removed"] = std::move(names);
  }
  return WriteDocument(document, limits::kStatementBytes);
}

Result<Statement> Statement::Parse(BytesView bytes) {
  TRY(const object::Object document,
      ParseDocument(bytes, limits::kStatementBytes, "statement", kDocumentVersion));
  Statement out;
  TRY(const object::Object apps, NeedObject(document, "apps"));
  for (const auto& [name, value] : apps) {
    TRY(StatementApp app, AppFromJson(value));
    out.apps.emplace(AppName(std::string(name)), std::move(app));
  }
  TRY(out.channel, NeedText(document, "channel"));
  TRY(std::string cluster, NeedText(document, "cluster"));
  out.cluster = ClusterId(std::move(cluster));
  TRY(out.epoch, NeedInt(document, "epoch"));
  if (document.contains("keep")) {
    TRY(out.keep, NeedBool(document, "keep"));
  }
  TRY(out.kube, NeedText(document, "kube"));
  TRY(out.prev, NeedDigest(document, "prev"));
  if (document.contains("removed")) {
    TRY(const object::Array names, NeedArray(document, "removed"));
    for (const object::Value& name : names) {
      if (!name.is_string()) return MakeError(Errc::kCorrupt, "removed holds more than names");
      out.removed.insert(AppName(std::string(object::View(name.get_string()))));
    }
  }
  TRY(out.seq, NeedInt(document, "seq"));
  TRY_VOID(CheckCanonical(out.Serialize(), bytes));
  return out;
}

Result<Bytes> Head::Serialize() const {
  TRY_VOID(CheckNumber(epoch, 1, "epoch"));
  TRY_VOID(CheckTime(expires, "expires"));
  TRY_VOID(CheckNumber(number, 1, "number"));
  TRY_VOID(CheckNumber(size, 0, "size"));
  TRY_VOID(CheckTime(time, "time"));
  return WriteDocument(object::Object{{"_type", "head"},
                                      {"epoch", epoch},
                                      {"expires", FormatTime(expires)},
                                      {"number", number},
                                      {"prev", prev.Hex()},
                                      {"root", root.Hex()},
                                      {"size", size},
                                      {"time", FormatTime(time)},
                                      {"version", kDocumentVersion}},
                       limits::kHeadBytes);
}

Result<Head> Head::Parse(BytesView bytes) {
  TRY(const object::Object document,
      ParseDocument(bytes, limits::kHeadBytes, "head", kDocumentVersion));
  Head out;
  TRY(out.epoch, NeedInt(document, "epoch"));
  TRY(out.expires, NeedTime(document, "expires"));
  TRY(out.number, NeedInt(document, "number"));
  TRY(out.prev, NeedDigest(document, "prev"));
  TRY(out.root, NeedDigest(document, "root"));
  TRY(out.size, NeedInt(document, "size"));
  TRY(out.time, NeedTime(document, "time"));
  TRY_VOID(CheckCanonical(out.Serialize(), bytes));
  return out;
}

Result<Bytes> LeafEntry(const ClusterId& cluster, int64_t seq, const Digest& statement) {
  TRY_VOID(CheckName(cluster.str(), "cluster"));
  TRY_VOID(CheckNumber(seq, 1, "seq"));
  return WriteDocument(
      object::Object{{"cluster", cluster.str()}, {"seq", seq}, {"statement", statement.Hex()}},
      limits::kHeadBytes);
}

}  // namespace dunlin::trust
