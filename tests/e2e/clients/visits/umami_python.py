"""A visit through umami-analytics; it can identify, and express no video."""

import os

import umami

umami.set_url_base(os.environ["BASE"])
umami.set_website_id(os.environ["SITE"])
umami.set_hostname("example.org")

umami.new_page_view("Home", url="/home", referrer="https://www.google.com/", distinct_id="user-1")
umami.new_page_view("Watch", url="/watch/9", distinct_id="user-1")
umami.new_event("Signup", url="/watch/9", custom_data={"plan": "pro"}, distinct_id="user-1")
