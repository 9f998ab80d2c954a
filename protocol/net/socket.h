// Internal to protocol/net: sockets, TCP or Unix, and the words for what goes wrong with them.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <string>

#include "protocol/base/time.h"
#include "protocol/net/task.h"

namespace dunlin::net::internal {

using Socket = asio::generic::stream_protocol::socket;
using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol>;
using ErrorCode = boost::system::error_code;

// "<what>: <text of ec>"; kCancelled for an aborted operation, otherwise `code`.
Error SocketError(Errc code, const std::string& what, const ErrorCode& ec);

// kUnavailable or kPermission, naming the address. Tries each address of a name in turn; `limit` is
// for all of them together.
Task<Socket> ConnectTcp(std::string host, uint16_t port, Millis limit);
Task<Socket> ConnectUnix(std::string path);

// Listening sockets; kIo names the address and the reason.
Result<Acceptor> ListenTcp(const asio::any_io_executor& executor, const std::string& address,
                           uint16_t port);
// Mode 0600. A socket file that nobody listens on is replaced; a live one or another kind of file
// is an error.
Result<Acceptor> ListenUnix(const asio::any_io_executor& executor, const std::string& path);

// TCP_NODELAY (answers leave at once), keep-alive (a peer that vanished without FIN is noticed
// within two minutes, also while nothing is sent). No-ops on Unix sockets.
void Tune(Socket& socket);

}  // namespace dunlin::net::internal
