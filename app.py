"""The page: ``streamlit run app.py``."""

import streamlit as st

from filterviz.ui import icon, page

st.set_page_config(page_title="filterviz", page_icon=icon.icon(), layout="wide")
page.main()
