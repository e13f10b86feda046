"""The peer of the cached read, as lean as FastAPI allows: the body is kept ready in Redis and goes out as it is.
Usage: fastapi_redis.py PORT REDIS_PORT"""

import sys

import fastapi
import redis.asyncio
import uvicorn

app = fastapi.FastAPI()
cache = redis.asyncio.Redis(host="127.0.0.1", port=int(sys.argv[2]))


@app.get("/prices/latest")
async def latest(symbol: str):
    body = await cache.get(f"latest:{symbol}")
    if body is None:
        raise fastapi.HTTPException(404)
    return fastapi.Response(body, media_type="application/json")


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", http="httptools", log_level="warning", access_log=False)
