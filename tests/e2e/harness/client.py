"""A small HTTP client on http.client. Prices are read as Decimal: what came over the wire is what is compared."""

import decimal
import http.client
import json
import socket
import urllib.parse


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers  # names in lower case
        self.body = body

    def json(self):
        return json.loads(self.body, parse_float=decimal.Decimal, parse_int=int)

    @property
    def text(self):
        return self.body.decode()

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


class Client:
    """One keep-alive connection; made again where the server closed it. Not for several threads."""

    def __init__(self, port, timeout=15.0, host="127.0.0.1"):
        self.host, self.port, self.timeout = host, port, timeout
        self._connection = None

    def request(self, method, target, body=None, headers=None):
        """One request. A connection that was idle and turns out closed is opened once more; every other fault is the caller's."""
        fresh = self._connection is None
        try:
            return self._once(method, target, body, headers or {})
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self.close()
            if fresh or method not in ("GET", "HEAD"):
                raise
            return self._once(method, target, body, headers or {})

    def get(self, path, headers=None, **query):
        return self.request("GET", with_query(path, query), headers=headers)

    def send_json(self, method, path, value, headers=None):
        body = json.dumps(value).encode()
        return self.request(method, path, body, {"Content-Type": "application/json", **(headers or {})})

    def post(self, path, value=None, headers=None):
        """Without a value: without a body."""
        if value is None:
            return self.request("POST", path, headers=headers)
        return self.send_json("POST", path, value, headers)

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _once(self, method, target, body, headers):
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)
        try:
            self._connection.request(method, target, body=body, headers=headers)
            answer = self._connection.getresponse()
            content = answer.read()
        except BaseException:
            if self._connection is not None and not isinstance(self._connection.sock, socket.socket):
                self._connection = None
            self.close()
            raise
        result = Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)
        if answer.will_close:
            self.close()
        return result


def with_query(path, query):
    given = {name: value for name, value in query.items() if value is not None}
    return f"{path}?{urllib.parse.urlencode(given, safe=',:')}" if given else path


def raw_exchange(port, data, timeout=10.0):
    """Writes these bytes and reads until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout) as connection:
        connection.sendall(data)
        received = b""
        while True:
            try:
                part = connection.recv(65536)
            except ConnectionResetError:
                return received
            if not part:
                return received
            received += part
