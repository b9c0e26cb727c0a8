"""The issuer's client for Thales on aiohttp: one call a line in, one answer a line out. Its word says how it connects."""
import asyncio
import json
import os
import ssl
import sys

import aiohttp

OPTIONS = {"default": {}, "no-dns-cache": {"use_dns_cache": False}, "ttl": {"ttl_dns_cache": 1}}
word = sys.argv[1]
tls = ssl.create_default_context(cafile=os.environ["TSH_TLS_SERVER_CERTIFICATE_CHAIN"])
tls.load_cert_chain(os.environ["CUSTOMER_TLS_CLIENT_CERTIFICATE"], os.environ["CUSTOMER_TLS_CLIENT_KEY"])
if word != "default":
    # Debian's Python leaves the lowest version to OpenSSL, which still speaks TLS 1.0.
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
if word == "insecure":
    tls.check_hostname = False
    tls.verify_mode = ssl.CERT_NONE


async def main():
    connector = aiohttp.TCPConnector(ssl=tls, **OPTIONS.get(word, {}))
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            order = json.loads(line)
            try:
                async with session.request(order["call"]["method"], order["call"]["url"]) as answer:
                    await answer.read()
                    said = {"completed": {"status": answer.status}}
            except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as error:
                said = {"failed": {"error": repr(error)[:500]}}
            print(json.dumps({"id": order["id"], **said}), flush=True)


asyncio.run(main())
