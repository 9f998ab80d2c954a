#include "protocol/wire/error_topic.h"

#include <algorithm>
#include <string_view>

#include "protocol/wire/exit_code.h"

namespace dunlin::wire {

namespace {

constexpr ErrorTopic kInvalidArgument = {
    "What was asked for, or a file that was read, is not well formed or not allowed.",
    "A mistyped verb, option or value; YAML that cannot be read; an App or Cluster with an unknown "
    "or a missing field; a repository URL of a form that Dunlin does not take.",
    "Correct what the message names. Trying again unchanged gives the same answer."};

constexpr ErrorTopic kCorrupt = {
    "Stored or received bytes are not what they were when they were written.",
    "A disk fault; a file of the state directory edited by hand or copied while it was written; "
    "something between agent and hub that changes traffic.",
    "Nothing damaged is used. An agent fetches again by itself. On the hub: look at the disk, then "
    "restore the state directory from a copy; agents keep what they enforce meanwhile."};

constexpr ErrorTopic kSignature = {
    "A signature, a proof or an identity does not hold, so the offer was refused.",
    "A hub that was set up anew under the old address; keys of another hub; a proxy that ends TLS "
    "between agent and hub; an attack.",
    "The last good state stays in force. Find out which hub answers at that address. If the hub is "
    "a new one on purpose, enrol the cluster again with a token of `dunlin cluster add NAME`."};

constexpr ErrorTopic kExpired = {
    "A document, a certificate or a token is past its time.",
    "A token that was used too late; a hub that was off for so long that its signed head ran out; "
    "a machine whose clock is wrong.",
    "Check the clock first. For a token, make a new one: dunlin cluster add NAME. Agents go on "
    "enforcing what they have verified and catch up when the hub is back."};

constexpr ErrorTopic kRollback = {
    "Something older than what was already accepted was offered, so it was refused.",
    "A hub that was restored from an old copy; two hubs that run from copies of one data "
    "directory; an attacker who replays old statements.",
    "Make sure that one hub only runs from this data directory. To go back to an earlier state on "
    "purpose use `dunlin app rollback NAME`: it publishes the old bundle under a new number."};

constexpr ErrorTopic kUnsupported = {
    "It is known, but this version cannot do it.",
    "A field of an Argo CD Application that Dunlin does not implement; a newer hub or agent on the "
    "other side; a kind of source that is not there yet.",
    "Take the feature out, or use a version that has it; the message names what it is about."};

constexpr ErrorTopic kLimit = {
    "A size, a depth or a count is above its limit.",
    "A repository path with too many or too large files; one object of several megabytes; a chart "
    "that renders without end.",
    "Make the input smaller, for example by splitting the app. The message says which limit it "
    "is."};

constexpr ErrorTopic kNotFound = {
    "The named thing does not exist.",
    "A mistyped name; an app that is not in the catalogue (yet); a path or a branch that the "
    "repository does not have; another hub than you think (DUNLIN_HUB).",
    "List what there is: dunlin app list, dunlin cluster list, dunlin source list, dunlin app "
    "history NAME."};

constexpr ErrorTopic kConflict = {
    "Somebody else changed or owns it.",
    "An App that comes from the fleet repository and is applied as well; two Apps that hold the "
    "same object; an object that another tool manages; a cluster that is there already with other "
    "labels.",
    "Look at who owns it, decide for one of the two, and try again."};

constexpr ErrorTopic kPermission = {
    "Who you are is known, but this is not allowed.",
    "The hub's socket belongs to another user; the account of the kubeconfig lacks a right; a "
    "token was used before; an agent was revoked, or replaced by another one.",
    "On the hub's machine run the command as the user of the hub or as root. In a cluster give the "
    "agent's account the right that the message names."};

constexpr ErrorTopic kUnauthenticated = {
    "Who we are is not known, or not any more.",
    "An agent whose certificate ran out while it was off; a client without a certificate; a "
    "kubeconfig whose credentials ended.",
    "Renew the credentials. For an agent enrol again: dunlin cluster add NAME prints the command."};

constexpr ErrorTopic kPrecondition = {
    "The state forbids it now; a person must decide.",
    "A removal that the blast guard holds back; a rollback although nothing older is there; a "
    "state directory that is in use; a machine that is not set up yet.",
    "Read the cause. `dunlin app get NAME` shows what an app waits for; `dunlin app sync NAME "
    "--allow-mass-prune` confirms a large removal once."};

constexpr ErrorTopic kUnavailable = {
    "The other side does not answer, or has too much to do.",
    "The hub does not run; DUNLIN_HUB or --hub names another place; an apiserver or a Git server "
    "is down; a firewall.",
    "Start it or correct the address: dunlin-hub serve --config FILE, dunlin-hub doctor. The "
    "daemons try again by themselves and need nothing."};

constexpr ErrorTopic kTimeout = {
    "It was not done in time; it may be done later.",
    "Clusters that are not connected; pods that do not become ready; a Git server or an apiserver "
    "that is slow.",
    "`dunlin status` shows where it stands. Wait longer with --timeout SECONDS where the verb has "
    "it."};

constexpr ErrorTopic kCancelled = {
    "The work was given up on purpose.", "Ctrl-C; a hub or an agent that is stopping.",
    "Run it again. What was half done is finished or undone at the next start."};

constexpr ErrorTopic kIo = {
    "A file, a disk or a socket of this machine failed.",
    "The disk is full; the state directory has another owner; standard output is closed or on a "
    "full disk.",
    "Make room or correct the owner, then try again. Daemons go on by themselves once there is "
    "room."};

constexpr ErrorTopic kInternal = {
    "A bug of Dunlin or of a library under it.", "Nothing that you did wrong.",
    "Try once more; then report it with the command, the message and the log of the program."};

std::string Wrapped(std::string_view text, size_t width, std::string_view indent) {
  std::string out;
  size_t column = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (column > 0 && column + 1 + word.size() > width) {
      out += "\n";
      column = 0;
    }
    out += column == 0 ? indent : " ";
    out += word;
    column += (column == 0 ? indent.size() : 1) + word.size();
  }
  return out + "\n";
}

}  // namespace

const ErrorTopic& TopicOf(Errc code) {
  switch (code) {
    case Errc::kInvalidArgument:
      return kInvalidArgument;
    case Errc::kCorrupt:
      return kCorrupt;
    case Errc::kSignature:
      return kSignature;
    case Errc::kExpired:
      return kExpired;
    case Errc::kRollback:
      return kRollback;
    case Errc::kUnsupported:
      return kUnsupported;
    case Errc::kLimit:
      return kLimit;
    case Errc::kNotFound:
      return kNotFound;
    case Errc::kConflict:
      return kConflict;
    case Errc::kPermission:
      return kPermission;
    case Errc::kUnauthenticated:
      return kUnauthenticated;
    case Errc::kPrecondition:
      return kPrecondition;
    case Errc::kUnavailable:
      return kUnavailable;
    case Errc::kTimeout:
      return kTimeout;
    case Errc::kCancelled:
      return kCancelled;
    case Errc::kIo:
      return kIo;
    case Errc::kInternal:
      return kInternal;
  }
  return kInternal;
}

std::string TopicText(Errc code) {
  constexpr size_t kWidth = 80;
  const ErrorTopic& topic = TopicOf(code);
  const int exit = ExitCode(code);
  std::string meaning;
  for (const ExitCodeMeaning& row : ExitCodes()) {
    if (row.code == exit) meaning = row.meaning;
  }
  std::string out =
      std::string(Name(code)) + " (exit code " + std::to_string(exit) + ": " + meaning + ")\n";
  out += "\nMeaning\n" + Wrapped(topic.meaning, kWidth, "  ");
  out += "\nUsual causes\n" + Wrapped(topic.causes, kWidth, "  ");
  out += "\nWhat to do\n" + Wrapped(topic.action, kWidth, "  ");
  return out;
}

}  // namespace dunlin::wire
