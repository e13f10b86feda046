"""Steps that several tests take."""

from fractions import Fraction

from .service import Service, eventually, merged

#: The declarative providers that the stub can stand in for, and the variable with the key of each.
KEYS = {"FINNHUB_API_KEY": "finnhub-test-key", "ALPHA_VANTAGE_API_KEY": "alpha-vantage-test-key"}
STUBBED = ("finnhub", "coinbase", "alpha_vantage")


def providers_at(stub, default="finnhub", asker=None, **providers):
    """Settings that send the declarative providers to the stub, where `asker` is on record with each request."""
    url = stub.url_for(asker) if asker else stub.url
    return {"providers": {"default": default, "override": {name: {"base_url": url} for name in STUBBED}, **providers}}


def service_with(stub, settings=None, default="finnhub", asker=None, **arguments):
    """A service whose providers are the stub, keys given."""
    return Service(settings=merged(providers_at(stub, default, asker), settings or {}), env=KEYS, **arguments)


def start_job(client, symbols, interval=1, provider=None):
    """POST /prices/poll; the job's id."""
    body = {"symbols": list(symbols), "interval": interval}
    if provider is not None:
        body["provider"] = provider
    answer = client.post("/prices/poll", body)
    if answer.status != 202:
        raise AssertionError(f"no job: {answer!r}")
    return answer.json()["job_id"]


def history(client, symbol, provider=None, page=1000, sort="asc", **filters):
    """Every point of a series, page by page."""
    points, token = [], None
    while True:
        answer = client.get("/prices/history", symbol=symbol, provider=provider, sort=sort, limit=page, page_token=token, **filters)
        if answer.status != 200:
            raise AssertionError(f"no history: {answer!r}")
        body = answer.json()
        points += body["points"]
        token = body["next_page_token"]
        if token is None:
            return points


def wait_for_points(client, symbol, count, provider=None, within=15.0):
    """Waits until the series has this many points; all of them, oldest first."""
    def enough():
        answer = client.get("/prices/history", symbol=symbol, provider=provider, limit=1)
        return answer.status == 200 and answer.json()["points"][0]["seq"] >= count
    eventually(enough, within, what=f"{count} points of {symbol}")
    return history(client, symbol, provider)


def mean(prices):
    """The exact mean."""
    prices = [Fraction(price) for price in prices]
    return sum(prices, Fraction(0)) / len(prices)
