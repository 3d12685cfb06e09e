#!/usr/bin/env python3
"""Recomputes what an access log in the combined format says, without OpenTrace.

    python3 datasets/weblog_oracle.py FILE [UTC offset in minutes, 0 unless given]

Prints JSON: {"days": {"2015-05-17": {"pageviews": n, "visitors": n, "top_pages": [[path, views], …]}}}.

The rule, said again here so that two people can be wrong independently:
* A line is   client ident user [day/Mon/year:h:m:s +zone] "request" status size "referrer" "agent"
  (a field in quotes ends at the first quote without a backslash before it; more may follow).
  The request is   METHOD target   with or without   HTTP/x   behind it. Other lines do not count.
* It counts if the method is GET, the status is 200 to 399, the path is not a file that pages load or
  offer for download (by the extension in its last segment), and the agent is not a program's: not
  empty, and without one of the words below in any case ("cubot", a telephone, is no bot).
* The path is the target up to the first ? or #, otherwise as it stands. Visitors of a day are the
  different pairs of client and agent. Pages with the same number of views come in the order of bytes.
"""
import json
import re
import sys
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone

FILES = set("""7z aac apk atom avi avif bmp bz2 css csv cur deb dmg doc docx eot exe flac flv gif gz heic ico ics
 iso jar jpeg jpg js json m4a m4v map mjs mkv mov mp3 mp4 mpeg mpg msi ods odt ogg ogv otf pdf pkg png ppt pptx psd
 rar rdf rpm rss svg svgz swf tar tgz tif tiff torrent ttf txt wasm wav webm webmanifest webp wmv woff woff2 xls
 xlsx xml xz zip zst""".split())

PROGRAMS = """bot|crawl|spider|slurp|scrap|archive|indexer|nutch|heritrix|httrack|ezooms|siteexplorer|ichiro|teoma|
yeti/|daumoa|tab.search.daum.net|mediapartners|apis-google|google web preview|google favicon|google-inspection|
google-read|google-safety|google-extended|google-site|google-structured|google-adwords|googleother|bingpreview|
facebookexternalhit|facebookcatalog|meta-external|whatsapp/|skypeuripreview|embedly|flipboardproxy|vkshare|
chatgpt-user|claude-user|claude-web|anthropic-ai|perplexity-user|mistralai-user|cohere-ai|feed|rss|fetch|liferea|
akregator|livejournal.com|newsblur|netvibes|inoreader|theoldreader|simplepie|superfeedr|magpie|curl/|wget|python|
ruby|libwww-perl|lwp::|java/|php/|go-http-client|okhttp|axios|undici|httpclient|http-client|http_client|
http_request|httpx|aiohttp|winhttp|guzzle|postman|insomnia|restsharp|indy library|wordpress/|monitor|pingdom|
statuscake|uptime|site24x7|check_http|nagios|zabbix|lighthouse|pagespeed|gtmetrix|headlesschrome|phantomjs|
selenium|puppeteer|playwright|ptst/|validator|link check|linkcheck|link sleuth|checker|w3c_|nmap|nikto|sqlmap|
masscan|zgrab|netcraft|censys|nuclei""".replace("\n", "").split("|")

QUOTED = r'"((?:[^"\\]|\\.)*)"'
LINE = re.compile(
    r"\s*(?P<client>\S+) \S+ .*? ?\[(?P<time>\d+/\w{3}/\d{4}:\d+:\d+:\d+ [+-]\d{4})\] "
    + QUOTED.replace("(", "(?P<request>", 1) + r" (?P<status>\d{3}) (?:\d+|-)\s+"
    + QUOTED + r"\s*" + QUOTED.replace("(", "(?P<agent>", 1))
REQUEST = re.compile(r"(?P<method>[A-Z]+) (?P<target>.*?)(?: HTTP/[^ ]*)?$", re.S)


def is_program(agent):
    agent = agent.strip().lower().replace("cubot", "\n")
    return agent in ("", "-") or any(word in agent for word in PROGRAMS)


def page_view(line):
    """(moment, path, visitor) of a line that counts, else None."""
    line = LINE.match(line)
    request = line and REQUEST.match(line["request"])
    if not request or request["method"] != "GET" or not request["target"].startswith("/"):
        return None
    path = re.split("[?#]", request["target"], maxsplit=1)[0]
    segment = path.rsplit("/", 1)[-1]
    extension = segment.rsplit(".", 1)[1].lower() if "." in segment else None
    if not 200 <= int(line["status"]) <= 399 or extension in FILES or is_program(line["agent"]):
        return None
    return datetime.strptime(line["time"], "%d/%b/%Y:%H:%M:%S %z"), path, (line["client"], line["agent"])


def main(file, offset=0):
    zone = timezone(timedelta(minutes=int(offset)))
    pages, people = defaultdict(Counter), defaultdict(set)
    with open(file, encoding="utf-8", errors="replace", newline="\n") as lines:
        for moment, path, visitor in filter(None, map(page_view, lines)):
            day = moment.astimezone(zone).date().isoformat()
            pages[day][path] += 1
            people[day].add(visitor)
    top = lambda views: sorted(views.items(), key=lambda item: (-item[1], item[0].encode()))[:10]
    days = {day: {"pageviews": sum(views.values()), "visitors": len(people[day]), "top_pages": top(views)}
            for day, views in sorted(pages.items())}
    print(json.dumps({"days": days}, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
