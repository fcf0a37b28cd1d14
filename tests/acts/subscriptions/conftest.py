"""The same ISP as for money: set up before, sound books after."""

from tests.acts.payments.conftest import isp as isp
