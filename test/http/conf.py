# SPDX-License-Identifier: BSD-3-Clause
"""The same listeners, routes and endpoints said to Sluice, nginx and HAProxy: one port a case."""
from place import ENDPOINT_BASE, LISTEN_BASE

SLUICE_HEAD = """
limits = { request_body = "65M"; };
timeouts = { head = "1s"; idle = "3s"; stream_idle = "2s"; pool_idle = "3s"; };
"""
NGINX_HEAD = """
daemon off; worker_processes 1; pid DIR/nginx.pid; error_log DIR/nginx.error.log;
events { worker_connections 8192; }
http {
  access_log off; client_body_temp_path DIR; proxy_temp_path DIR; fastcgi_temp_path DIR;
  uwsgi_temp_path DIR; scgi_temp_path DIR;
  client_header_timeout 1s; client_body_timeout 2s; keepalive_timeout 3s; proxy_read_timeout 2s;
  proxy_send_timeout 2s; proxy_connect_timeout 1s; client_max_body_size 0;
  proxy_http_version 1.1; proxy_request_buffering off; proxy_buffering off;
  map $http_upgrade $to_upstream { default upgrade; '' ''; }
  proxy_set_header Host $http_host; proxy_set_header Connection $to_upstream;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
"""
HAPROXY_HEAD = """global
  maxconn 4000
  stats socket DIR/haproxy.sock
defaults
  mode http
  option forwardfor
  timeout http-request 1s
  timeout http-keep-alive 3s
  timeout client 2s
  timeout server 2s
  timeout connect 1s
  timeout tunnel 2s
  retries 2
  option redispatch
  retry-on conn-failure empty-response
"""


def slots(cases):
    return {c.slot: c for c in cases}.values()


def address(case, k, kind, backend):
    if kind == "dead":
        return "10.10.1.99:80"
    return f"{backend}:{ENDPOINT_BASE + case.slot * 2 + k}"


def sluice_route(case, r):
    parts = []
    for how in ("exact", "prefix", "regex"):
        if how in r:
            parts.append(f'match = {{ {how} = "{r[how]}"; }};')
    for key in ("rewrite", "authority", "timeout", "retry_on"):
        if key in r:
            parts.append(f'{key} = "{r[key]}";')
    if "per_try" in r:
        parts.append(f'per_try_timeout = "{r["per_try"]}";')
    if "retries" in r:
        parts.append(f'retries = {r["retries"]};')
    if "direct" in r:
        parts.append(f'direct = {{ status = {r["direct"]}; body = "{r.get("body", "")}"; }};')
    elif "redirect" in r:
        keys = "".join(f'{k} = "{r["to_" + k]}"; ' for k in ("host", "path") if "to_" + k in r)
        parts.append(f'redirect = {{ {keys}status = {r["redirect"]}; }};')
    else:
        parts.append(f'cluster = "C{case.slot}";')
    return "{ " + " ".join(parts) + " }"


def sluice_keys(keys):
    """Keys of a listener or cluster: proxy_protocol of a listener is a list, all else a text."""
    return "".join(f' {k} = {"[" if "/" in v else ""}"{v}"{"]" if "/" in v else ""};'
                   for k, v in keys.items())


def sluice(cases, backend):
    listeners, clusters = [], []
    for c in slots(cases):
        routes = ",\n      ".join(sluice_route(c, r) for r in c.routes)
        domains = ", ".join(f'"{h}"' for h in c.hosts)
        listeners.append(f'  {{ name = "L{c.slot}"; port = {LISTEN_BASE + c.slot};'
                         f'{sluice_keys(c.listener)}\n    hosts = ( {{ '
                         f'domains = [{domains}];\n      routes = (\n      {routes} ); }} ); }}')
        ends = ", ".join(f'"{address(c, k, e, backend)}"' for k, e in enumerate(c.endpoints))
        clusters.append(f'  {{ name = "C{c.slot}"; connect_timeout = "1s";'
                        f'{sluice_keys(c.cluster)} endpoints = ( {ends} ); }}')
    return (SLUICE_HEAD + "listeners = (\n" + ",\n".join(listeners) + " );\nclusters = (\n"
            + ",\n".join(clusters) + " );\n")


def nginx(cases, backend, folder):
    out = [NGINX_HEAD.replace("DIR", folder)]
    for c in slots(cases):
        ends = " ".join(f"server {address(c, k, e, backend)};" for k, e in enumerate(c.endpoints))
        out.append(f"  upstream u{c.slot} {{ {ends} keepalive 16; }}")
        locations = []
        for r in c.routes:
            where = (f"= {r['exact']}" if "exact" in r else f"~ ^{r['regex']}$" if "regex" in r
                     else r.get("prefix", "/"))
            slow = f"proxy_read_timeout {r['timeout']}; " if "timeout" in r else ""
            slow += "proxy_next_upstream off; " if r.get("retries") == "0" else ""
            do = f"{slow}proxy_pass http://u{c.slot}{r.get('rewrite', '') if 'regex' not in r else ''};"
            if "direct" in r:
                do = f"return {r['direct']} '{r.get('body', '')}';"
            if "redirect" in r:
                host, path = r.get("to_host", "$http_host"), r.get("to_path", "$request_uri")
                do = f"return {r['redirect']} http://{host}{path};"
            locations.append(f"location {where} {{ {do} }}")
        names = "_" if c.hosts == ["*"] else " ".join(c.hosts)
        out.append(f"  server {{ listen {LISTEN_BASE + c.slot}; server_name {names}; "
                   + " ".join(locations) + " }")
        if c.hosts != ["*"]:
            out.append(f"  server {{ listen {LISTEN_BASE + c.slot} default_server; return 404; }}")
    return "\n".join(out) + "\n}\n"


def haproxy_cond(r):
    for key, how in (("exact", "path "), ("prefix", "path_beg "), ("regex", "path_reg ^")):
        if key in r:
            return f"{{ {how}{r[key]}{'$' if key == 'regex' else ''} }}"
    return "TRUE"


def haproxy_no_route(c):
    conds = [haproxy_cond(r) for r in c.routes]
    if "TRUE" in conds or "{ path_beg / }" in conds:
        return []
    return [f"  http-request return status 404 unless {' or '.join(conds)}"]


def haproxy_use(c, r):
    when = haproxy_cond(r)
    if "direct" in r:
        text = f" content-type text/plain string {r['body']}" if "body" in r else ""
        return f"  http-request return status {r['direct']}{text} if {when}"
    if "redirect" in r:
        host = r.get("to_host", "%[req.hdr(host)]")
        path = r.get("to_path", "%[pathq]")
        return f"  http-request redirect location http://{host}{path} code {r['redirect']} if {when}"
    if "rewrite" in r and "prefix" in r:
        return f"  http-request replace-path ^{r['prefix']}(.*) {r['rewrite']}\\1"
    if "rewrite" in r:
        return f"  http-request set-path {r['rewrite']} if {when}"
    return ""


def haproxy(cases, backend, folder):
    out = [HAPROXY_HEAD.replace("DIR", folder)]
    for c in slots(cases):
        slow = next((r["timeout"] for r in c.routes if "timeout" in r), "")
        lines = [f"frontend f{c.slot}", f"  bind :{LISTEN_BASE + c.slot}"]
        if c.hosts != ["*"]:
            for h in c.hosts:
                how = f"-m end {h[1:]}" if h.startswith("*.") else f"-m str {h}"
                lines.append(f"  acl ours req.hdr(host),host_only,lower {how}")
            lines.append("  http-request return status 404 if !ours")
        lines.append("  http-request disable-l7-retry unless "
                     "{ method GET HEAD OPTIONS PUT DELETE }")
        lines += haproxy_no_route(c)
        lines += [x for x in (haproxy_use(c, r) for r in c.routes) if x]
        lines += [f"  default_backend b{c.slot}", f"backend b{c.slot}"]
        if slow:
            lines.append(f"  timeout server {slow}")
        if any(r.get("retries") == "0" for r in c.routes):
            lines.append("  retries 0")
        for k, e in enumerate(c.endpoints):
            lines.append(f"  server s{k} {address(c, k, e, backend)}")
        out.append("\n".join(lines))
    text = "\n".join(out) + "\n"
    return text.replace("if TRUE", "")
