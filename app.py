"""The page as a web application: ``streamlit run app.py``."""

import streamlit as st

from filterviz.ui import web

app = st.App(web.SCRIPT, middleware=web.middleware(), lifespan=web.lifespan)
