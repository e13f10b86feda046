#pragma once

#include <atomic>
#include <thread>
#include <vector>

namespace mds::test {

/// Stands between clients and a PostgreSQL server on the loopback interface, and cuts a session right behind the end of a COPY: the
/// client has heard that its rows are in, and nothing more. Sessions must not be encrypted. Ends with its sessions.
class CuttingProxy {
public:
    /// Throws std::runtime_error where it cannot listen.
    explicit CuttingProxy(int server_port);
    ~CuttingProxy();
    CuttingProxy(CuttingProxy const&) = delete;
    CuttingProxy& operator=(CuttingProxy const&) = delete;

    int port() const noexcept { return port_; }
    /// Of the next COPYs, lets `pass` through and cuts behind the one after.
    void cut_after(int pass) noexcept { to_pass_ = pass; }
    int cuts() const noexcept { return cuts_; }

private:
    void accept_all();
    void serve(int client);
    void from_server(int server, int client);
    bool is_to_cut() noexcept;

    int server_port_;
    int listening_ = -1;
    int port_ = 0;
    std::atomic<int> to_pass_{-1};  ///< -1: cut nothing
    std::atomic<int> cuts_{0};
    std::vector<int> sockets_;
    std::vector<std::thread> sessions_;
    std::thread accepting_;
};

}  // namespace mds::test
